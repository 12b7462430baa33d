# One image; MODE says what a container of it does (see docker-compose.yml).
FROM node:22.22.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY tsconfig.json nest-cli.json ormconfig.ts ./
COPY migrations migrations
COPY src src
COPY web web
RUN npm run build && npm prune --omit=dev

FROM node:22.22.0-bookworm-slim
WORKDIR /app
# All must be set before Node starts: file and name look-ups never wait for encoders (a machine with more than 16
# cores wants more threads), and glibc keeps half the memory, gives blocks above 16 MB back at once, and smaller ones beyond 32 MB.
ENV NODE_ENV=production \
    UV_THREADPOOL_SIZE=32 \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=16777216 \
    MALLOC_TRIM_THRESHOLD_=33554432 \
    DATA_DIR=/data
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/dist dist
RUN mkdir -m 700 /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 3000
# A worker answers this too.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
