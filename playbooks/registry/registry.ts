import { apt, file, play, PlaybookError, systemd, template, uri, type PlayContext } from '../../src/labbook.ts'

const REGISTRY_PORT = 5000

/** Host and port under which all machines reach the registry. */
export function registryAddress({ groups, hostvars }: Pick<PlayContext, 'groups' | 'hostvars'>): string {
  const host = groups.registry?.[0]
  if (host === undefined) throw new PlaybookError('the inventory has no host in group registry: images need one place to come from')
  const vars = hostvars(host)
  return `${String(vars.ansible_host ?? host)}:${String(vars.registry_port ?? REGISTRY_PORT)}`
}

/** A plain registry (distribution) from the Debian package, storing outside of any container. */
export const registry = play('Registry', { hosts: 'registry', become: true, tags: 'registry' }, (on) => {
  const port = Number(on.vars.registry_port ?? REGISTRY_PORT)
  const storage = String(on.vars.registry_storage ?? '/var/lib/docker-registry')
  return [
    apt('Install the registry', { name: ['docker-registry'], update_cache: true, cache_valid_time: 3600, install_recommends: false }),
    file('Storage of the registry', { path: storage, state: 'directory', owner: 'docker-registry', group: 'docker-registry', mode: '0750' }),
    // The package's own configuration demands accounts that it does not make.
    template('Configure the registry', {
      src: 'registry/config.yml',
      dest: '/etc/docker/registry/config.yml',
      mode: '0644',
      vars: { registry_port: port, registry_storage: storage },
      notify: 'restart registry',
    }),
    systemd('Start the registry', { name: 'docker-registry', state: 'started', enabled: true }),
  ]
}, { 'restart registry': systemd({ name: 'docker-registry', state: 'restarted' }) })

/** A play of its own, because it must look after the handlers of the one before. */
export const registryAnswers = play('Registry answers', { hosts: 'registry', tags: 'registry' }, (on) => [
  uri('The registry answers', { url: `http://${registryAddress(on)}/v2/`, status_code: 200, retries: 20, delay: 1 }),
])
