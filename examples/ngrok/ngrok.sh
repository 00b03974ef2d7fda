#!/bin/sh
# An ngrok endpoint for the proxy, at the address that public_url names in config.yaml.
# https://ngrok.com/docs/agent/cli/
# Written from the documentation; the tests don't run it.
exec ngrok http http://127.0.0.1:4000 --url https://mcp-example.ngrok.app
