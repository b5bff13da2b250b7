import * as z from 'zod'

const scalar = z.union([z.string(), z.number(), z.boolean()])

/** Filters of the Engine API, as in Ansible: `{ label: ['a', 'b=c'], dangling: false }`. */
export const filters = z.record(z.string(), z.union([scalar, z.array(scalar)]))

export type Filters = z.output<typeof filters>

/** The values of each filter as text. */
export const filterValues = (given: Filters = {}): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, (Array.isArray(value) ? value : [value]).map(String)]),
  )

/** Parameters of Ansible's modules that say how to reach Docker: the host's own socket is used. */
export const CONNECTION_PARAMS = Object.fromEntries(
  `api_version ca_path client_cert client_key debug docker_host timeout tls tls_hostname use_ssh_client validate_certs
cli_context docker_cli`
    .split(/\s+/)
    .map((name) => [name, 'the socket of the host is used: run the task on that host']),
)
