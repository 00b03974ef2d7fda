# Builds the one file, then runs it alone: no shell script, no dependency, no write access needed.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN node build.mjs

FROM node:24-bookworm-slim
COPY --from=build /build/dist/mcp-oauth-proxy.mjs /app/mcp-oauth-proxy.mjs
USER node
ENV HOST=0.0.0.0 PORT=4000
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/mcp-oauth-proxy.mjs"]
CMD ["--config", "/etc/mcp-oauth-proxy/config.yaml"]
