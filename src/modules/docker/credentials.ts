import { raw, sh } from '../../shell/quote.ts'
import { targetFile } from '../support/params.ts'

/** Key of Docker Hub's credentials in config.json. */
export const HUB = 'https://index.docker.io/v1/'

const HUB_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

/** A registry's key in config.json: host and port. Undefined if the address is invalid. */
export function registryKey(address: string): string | undefined {
  const [, host = ''] = /^(?:https?:\/\/)?([^/]*)(?:\/.*)?$/i.exec(address) ?? []
  if (HUB_HOSTS.has(host)) return HUB
  return /^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(:\d+)?$/.test(host) ? host : undefined
}

/** Path of a Docker client configuration. */
export const configFile = targetFile.refine((path) => path.endsWith('/config.json'), {
  error: 'must end in /config.json: the docker command reads the file of that name from a directory',
})

/** Shell text: path of the Docker client configuration. */
export const CONFIG_FILE = '"${DOCKER_CONFIG:-$HOME/.docker}/config.json"'

/**
 * Shell text that sets, for a registry, `lb_entry` (its entry in the configuration) and `lb_auth` (user name and
 * password in base64). Both are secret and are not printed. The file may be written by the docker command or by hand,
 * on one or many lines, with any number of registries.
 *
 * @param file - shell text of one word: path of the configuration.
 */
export const readCredentials = (registry: string, file = CONFIG_FILE): string =>
  [
    sh`lb_config=$({ tr -d ${' \t\r\n'} <${raw(file)}; } 2>/dev/null)`,
    // An entry has only string values: the first brace ends it.
    sh`lb_entry=$(printf '%s\\n' "$lb_config" | sed -n ${`s|.*"${inSed(registry)}":{\\([^{}]*\\)}.*|\\1|p`})`,
    `lb_auth=$(printf ',%s\\n' "$lb_entry" | sed -n 's|.*,"auth":"\\([^"]*\\)".*|\\1|p')`,
  ].join('\n')

/** Escapes a text for a sed pattern that is delimited by `|`. */
export const inSed = (text: string): string => text.replace(/[\\.*[\]^$|]/g, '\\$&')
