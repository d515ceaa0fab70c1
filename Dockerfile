# The front alone; put your app beside it (compose.yaml) or build on top of this image.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json build.ts ./
RUN npm ci --ignore-scripts
COPY src ./src
COPY proxy ./proxy
COPY app ./app
COPY test ./test
COPY bench ./bench
RUN npm run --silent build && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
# Node as the first process would leave the zombies of others; tini takes them, and hands signals on.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 700 /data /run/tlsfront
WORKDIR /opt/tlsfront
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist/bundle ./dist/bundle
COPY app/wsgi_launcher.py ./app/
COPY docs ./docs
RUN ln -s /opt/tlsfront/dist/bundle/src/cli.js /usr/local/bin/tlsfront
# Certificates and accounts are in /data; the control socket is in /run/tlsfront. Nothing else is written: the root may be read-only.
ENV XDG_DATA_HOME=/data XDG_RUNTIME_DIR=/run/tlsfront NODE_ENV=production
VOLUME /data
USER node
EXPOSE 443 80
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["tlsfront", "status"]
ENTRYPOINT ["tini", "--", "tlsfront"]
CMD ["--help"]
