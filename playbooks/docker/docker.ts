import { apt, copy, file, get_url, play, systemd, template, type PlayContext } from '../../src/labbook.ts'

/**
 * Docker Engine from the distribution (`docker_source: distribution`, the default: no key, no new repository, works
 * without the internet where a mirror does) or from Docker's own repository (`docker_source: docker`).
 */
export const docker = play('Docker Engine', { hosts: 'docker', become: true, tags: 'docker', gather_facts: true }, (on) => [
  file('Folder for the configuration', { path: '/etc/docker', state: 'directory', mode: '0755' }),
  // Before the package, so that the daemon's first start reads it.
  template('Configure the daemon', {
    src: 'docker/daemon.json',
    dest: '/etc/docker/daemon.json',
    mode: '0644',
    notify: 'restart docker',
  }),
  on.vars.docker_source === 'docker' ? fromDocker(on) : [
    apt('Install Docker', { name: ['docker.io', 'curl'], update_cache: true, cache_valid_time: 3600, install_recommends: false }),
  ],
  systemd('Start Docker', { name: 'docker', state: 'started', enabled: true }),
], { 'restart docker': systemd({ name: 'docker', state: 'restarted' }) })

const fromDocker = ({ facts }: PlayContext) => {
  const distribution = String(facts.distribution ?? 'debian').toLowerCase()
  const site = `https://download.docker.com/linux/${distribution}`
  return [
    apt({ name: ['ca-certificates', 'curl'], update_cache: true, cache_valid_time: 3600 }),
    file({ path: '/etc/apt/keyrings', state: 'directory', mode: '0755' }),
    get_url('Key of the Docker repository', { url: `${site}/gpg`, dest: '/etc/apt/keyrings/docker.asc', mode: '0644' }),
    copy('Docker repository', {
      dest: '/etc/apt/sources.list.d/docker.sources',
      mode: '0644',
      content: [
        'Types: deb', `URIs: ${site}`, `Suites: ${String(facts.distribution_release)}`, 'Components: stable',
        'Signed-By: /etc/apt/keyrings/docker.asc', '',
      ].join('\n'),
    }),
    apt('Install Docker', { name: ['docker-ce', 'docker-ce-cli', 'containerd.io'], update_cache: true }),
  ]
}
