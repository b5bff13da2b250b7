import type { PingProtocol } from '../methods/entry-point.ts'

interface Database {
  /** The last part of the image's name, without registry and tag. */
  readonly image: RegExp
  readonly ping?: PingProtocol
}

/** Images that keep data, even if the compose file mounts no volume. */
const DATABASES: readonly Database[] = [
  { image: /^(redis|valkey|keydb|dragonfly)\b/, ping: 'redis' },
  { image: /^(postgres|postgresql|postgis|timescaledb|pgvector)\b/, ping: 'postgres' },
  { image: /^(mysql|mariadb|percona)\b/, ping: 'mysql' },
  { image: /^(mongo|mongodb|cassandra|couchdb|couchbase|elasticsearch|opensearch|influxdb|clickhouse(-server)?)$/ },
  { image: /^(etcd|consul|zookeeper|kafka|rabbitmq|nats|minio|neo4j|mssql|memcached)$/ },
]

/** `redis` of `registry:5000/library/redis:7@sha256:...`, and of Labbook's own image `${IMAGE_REDIS}`. */
export const imageName = (image: string): string =>
  image
    .replace(/^\$\{IMAGE_(\w+)\}$/, '$1')
    .replace(/@.*$/, '')
    .replace(/^.*\//, '')
    .replace(/:.*$/, '')
    .replaceAll('_', '-')
    .toLowerCase()

const databaseOf = (image: string): Database | undefined =>
  DATABASES.find(({ image: pattern }) => pattern.test(imageName(image)))

/** Memcached and message brokers without a volume lose what they hold, too. */
export const isDatabase = (image: string): boolean => databaseOf(image) !== undefined

/** How the database of an image is pinged; undefined for one without a simple ping. */
export const pingOf = (image: string): PingProtocol | undefined => databaseOf(image)?.ping

/** The registry of an image: Docker Hub without a host in its name. */
export function imageRegistry(image: string): { readonly host: string; readonly port: number } {
  const [first = '', ...rest] = (image.split('@')[0] ?? '').split('/')
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const [host = '', port = '443'] = isHost ? first.split(':') : ['registry-1.docker.io']
  return { host, port: Number(port) }
}
