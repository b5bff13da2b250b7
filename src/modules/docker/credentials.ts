import { raw, sh } from '../../shell/quote.ts'
import { targetFile } from '../support/params.ts'

/** The key under which the docker command keeps Docker Hub's credentials. */
export const HUB = 'https://index.docker.io/v1/'

const HUB_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

/** A registry's address as the docker command keeps it: host and port alone. Undefined where it is no such address. */
export function registryKey(address: string): string | undefined {
  const [, host = ''] = /^(?:https?:\/\/)?([^/]*)(?:\/.*)?$/i.exec(address) ?? []
  if (HUB_HOSTS.has(host)) return HUB
  return /^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(:\d+)?$/.test(host) ? host : undefined
}

/** A path of the docker command's configuration, which it looks for in a folder by this name. */
export const configFile = targetFile.refine((path) => path.endsWith('/config.json'), {
  error: 'the docker command takes a folder and reads config.json in it: write a path that ends in /config.json',
})

/** Shell text: the file that the docker command keeps credentials in. */
export const CONFIG_FILE = '"${DOCKER_CONFIG:-$HOME/.docker}/config.json"'

/**
 * Script text that defines, for a registry, `lb_entry`: what the configuration holds of it, and `lb_auth`: its user
 * name and password in base64. Both are secret, and go to no output. The file has been written by the docker command or
 * by people, on one line or on many, with any number of registries.
 *
 * @param file - shell text of one word: the configuration.
 */
export const readCredentials = (registry: string, file = CONFIG_FILE): string =>
  [
    sh`lb_config=$({ tr -d ${' \t\r\n'} <${raw(file)}; } 2>/dev/null)`,
    // An entry holds texts alone; the first that is no such ends it.
    sh`lb_entry=$(printf '%s\\n' "$lb_config" | sed -n ${`s|.*"${inSed(registry)}":{\\([^{}]*\\)}.*|\\1|p`})`,
    `lb_auth=$(printf ',%s\\n' "$lb_entry" | sed -n 's|.*,"auth":"\\([^"]*\\)".*|\\1|p')`,
  ].join('\n')

/** A text as part of a pattern of sed that has `|` at its ends. */
export const inSed = (text: string): string => text.replace(/[\\.*[\]^$|]/g, '\\$&')
