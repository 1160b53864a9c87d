# One image for every role: the command is `api`, `workers`, `all` or `migrate`. It runs as production: without secrets of its own it
# refuses to start. The base image is named by version; give NODE_IMAGE with a digest to build on exactly one.
ARG NODE_VERSION=22
ARG NODE_IMAGE=node:${NODE_VERSION}-slim
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -p tsconfig.build.json

# What stands in for the providers where there are no keys; only docker-compose.yml asks for this stage.
FROM build AS simulator
COPY tsconfig.tools.json ./
COPY tools ./tools
RUN npx tsc -p tsconfig.tools.json
USER node
ENTRYPOINT ["node", "--enable-source-maps", "dist-tools/tools/simulator/main.js"]

# What the product imports and nothing else: `npm prune` would leave what development alone brings along.
FROM ${NODE_IMAGE} AS product
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production ENVIRONMENT=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=product /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY migrations ./migrations
USER node
EXPOSE 8080
# Workers answer /health/live and /metrics on PORT too.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD node -e "fetch('http://127.0.0.1:'+process.env.PORT+'/health/live').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]
CMD ["all"]
