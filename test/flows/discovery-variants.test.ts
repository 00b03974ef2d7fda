import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ISSUER,
  ISSUER_METADATA,
  MCP,
  NOT_FOUND,
  PATH_METADATA,
  providerAt,
  RESOURCE,
  ROOT_METADATA,
  refusalOf,
  registration,
  signIn,
  startDiscovering,
  TOKEN,
} from '../support/discovery.ts'
import { obtainCode, postForm, redeem } from '../support/flow.ts'
import { LOOPBACK_ADDRESS, type Site } from '../support/internet.ts'
import { textOf } from '../support/json.ts'

describe('a resource', () => {
  for (const resource of ['https://mcp.example.com', 'https://mcp.example.com/']) {
    it(`may be the whole origin, told to the provider as it is: ${resource}`, async () => {
      const { proxy } = await startDiscovering({
        pages: {
          [MCP]: { status: 401 },
          [PATH_METADATA]: NOT_FOUND,
          [ROOT_METADATA]: { body: { ...RESOURCE, resource } },
        },
      })

      assert.equal((await signIn(proxy)).searchParams.get('resource'), resource)
    })
  }

  it('is told with code and refresh token too', async () => {
    const { proxy, internet } = await startDiscovering()
    const { code } = await obtainCode(proxy)
    const refresh_token = await textOf(await redeem(proxy, code), 'refresh_token')

    await postForm(proxy, '/gh/token', {
      grant_type: 'refresh_token',
      client_id: 'gh',
      refresh_token,
    })

    const resources = internet.requests
      .filter(({ url }) => url === TOKEN)
      .map(({ body }) => new URLSearchParams(body).get('resource'))
    assert.deepEqual(resources, [MCP, MCP])
  })
})

describe('Entra ID', () => {
  const host = 'https://login.microsoftonline.com'
  const tenant = `${host}/common/v2.0`
  const provider = { client: { clientId: 'app', method: 'none' } } as const

  function pagesOf(issuer: string): Record<string, Site> {
    const metadata = providerAt(`${host}/common/oauth2/v2.0`, {
      issuer,
      code_challenge_methods_supported: undefined,
    })
    return {
      [PATH_METADATA]: {
        body: {
          ...RESOURCE,
          authorization_servers: [tenant],
          scopes_supported: ['api://mcp/read'],
        },
      },
      [`${host}/.well-known/oauth-authorization-server/common/v2.0`]: NOT_FOUND,
      [`${host}/.well-known/openid-configuration/common/v2.0`]: NOT_FOUND,
      [`${tenant}/.well-known/openid-configuration`]: { body: metadata },
    }
  }

  it('is found though its metadata is for all tenants and silent on PKCE', async () => {
    const pages = pagesOf(`${host}/{tenantid}/v2.0`)
    const { proxy } = await startDiscovering({ pages, provider })

    const { origin, pathname, searchParams } = await signIn(proxy)

    assert.equal(`${origin}${pathname}`, `${host}/common/oauth2/v2.0/authorize`)
    assert.equal(searchParams.get('scope'), 'api://mcp/read offline_access')
    assert.equal(searchParams.get('resource'), null)
  })

  for (const issuer of [
    `${host}/{tenantid}/v1.0`,
    'https://evil.test/{tenantid}/v2.0',
    `${host}/other/v2.0`,
    '{tenantid}',
  ]) {
    it(`is not found by metadata of ${issuer}`, async () => {
      const { proxy } = await startDiscovering({ pages: pagesOf(issuer), provider })

      assert.match(await refusalOf(proxy), /^server_error: .*its issuer is/)
    })
  }
})

describe('a placeholder for tenants', () => {
  it('means nothing at any other provider', async () => {
    const issuer = `${ISSUER}/a/v2.0`
    const { proxy } = await startDiscovering({
      pages: {
        [PATH_METADATA]: { body: { ...RESOURCE, authorization_servers: [issuer] } },
        [`${ISSUER}/.well-known/oauth-authorization-server/a/v2.0`]: {
          body: providerAt(ISSUER, { issuer: `${ISSUER}/{tenantid}/v2.0` }),
        },
      },
    })

    assert.match(await refusalOf(proxy), /^server_error: .*its issuer is/)
  })
})

describe('an MCP server beside the proxy', () => {
  const url = 'http://localhost:3000/mcp'
  const issuer = 'http://localhost:3001'

  it('may have its provider there too, over http', async () => {
    const { proxy } = await startDiscovering({
      provider: { resourceUrl: url },
      addresses: { localhost: LOOPBACK_ADDRESS },
      pages: {
        [url]: { status: 401 },
        'http://localhost:3000/.well-known/oauth-protected-resource/mcp': {
          body: { resource: url, authorization_servers: [issuer] },
        },
        [`${issuer}/.well-known/oauth-authorization-server`]: { body: providerAt(issuer) },
        [`${issuer}/register`]: registration(),
      },
    })

    assert.equal((await signIn(proxy)).origin, issuer)
  })
})

describe('metadata', () => {
  it('may hold nonsense where nothing is needed', async () => {
    const nonsense = {
      scopes_supported: 'read',
      token_endpoint_auth_methods_supported: { none: true },
      revocation_endpoint: null,
      jwks_uri: 7,
      authorization_response_iss_parameter_supported: 'yes',
      client_id_metadata_document_supported: 1,
    }
    const { proxy } = await startDiscovering({
      pages: {
        [PATH_METADATA]: { body: { ...RESOURCE, scopes_supported: [1], jwks_uri: null } },
        [ISSUER_METADATA]: { body: providerAt(ISSUER, nonsense) },
        [ROOT_METADATA]: { body: RESOURCE },
      },
    })

    assert.equal((await signIn(proxy)).searchParams.get('client_id'), 'registered-1')
  })
})
