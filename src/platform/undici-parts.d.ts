// undici's index also brings fetch, WebSocket and more, a third of our bundle and of its start: these are the
// parts of it that we use.
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici'

  // biome-ignore lint/style/noDefaultExport: it is CommonJS
  export default Pool
}

declare module 'undici/lib/core/errors.js' {
  import { errors } from 'undici'

  // biome-ignore lint/style/noDefaultExport: it is CommonJS
  export default errors
}
