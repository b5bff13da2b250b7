import { apt, command, copy, file, get_url, HOST_DIRECTORIES, PlaybookError, shell, toText } from 'labbook'

/** Fingerprints of Docker's signing keys, from Docker's documentation. Any other key is rejected. */
const FINGERPRINTS = {
  deb: '9DC858229FC7DD38854AE2D88D81803C0EBFCD88',
  rpm: '060A61C51B558A7F742B77AAC52FEB6B621E9F35',
} as const
const SITE = 'https://download.docker.com/linux'
const PACKAGES = ['docker-ce', 'docker-ce-cli', 'containerd.io']
const DOWNLOADED_KEY = `${HOST_DIRECTORIES.state}/docker-key.asc`

const DOWNLOAD_KEY = "Download Docker's GPG key (without access to download.docker.com, set docker_source: distro)"

/** Tasks that install Docker from Docker's own repository, on hosts of the Debian, Ubuntu and Fedora families. */
export function dockerCe(facts: Readonly<Record<string, unknown>>) {
  const distribution = toText(facts.distribution ?? 'Debian')
  if (facts.os_family === 'RedHat')
    return fromRpm(distribution === 'Fedora' ? 'fedora' : distribution === 'RedHat' ? 'rhel' : 'centos')
  if (facts.os_family !== undefined && facts.os_family !== 'Debian') {
    throw new PlaybookError(
      `docker_source: docker-ce supports the Debian, Ubuntu and Fedora families, not ${distribution}: use docker_source: distro`,
    )
  }
  return fromDeb(distribution === 'Ubuntu' ? 'ubuntu' : 'debian', String(facts.distribution_release))
}

/** Installs the key at `dest` only after its fingerprint has been verified. */
const keyTasks = (url: string, dest: string, fingerprint: string) => [
  file(`Create ${HOST_DIRECTORIES.state}`, { path: HOST_DIRECTORIES.state, state: 'directory', mode: '0755' }),
  get_url(DOWNLOAD_KEY, { url, dest: DOWNLOADED_KEY, mode: '0644' }),
  shell("Verify and install Docker's GPG key", {
    cmd: `home=$(mktemp -d) && found=$(gpg --batch --no-options --homedir "$home" --show-keys --with-colons ${DOWNLOADED_KEY} | awk -F: '$1 == "fpr" { print $10; exit }'); rm -rf "$home"
[ "$found" = ${fingerprint} ] || { rm -f ${DOWNLOADED_KEY}; echo "the key at ${url} has fingerprint $found, not Docker's ${fingerprint}: not trusted, nothing installed" >&2; exit 1; }
install -D -m 644 ${DOWNLOADED_KEY} ${dest}`,
    creates: dest,
  }),
]

function fromDeb(site: string, release: string) {
  const key = '/etc/apt/keyrings/docker.asc'
  return [
    apt('Install repository prerequisites', {
      name: ['ca-certificates', 'curl', 'gpg'],
      update_cache: true,
      cache_valid_time: 3600,
      install_recommends: false,
    }),
    keyTasks(`${SITE}/${site}/gpg`, key, FINGERPRINTS.deb),
    copy('Add Docker repository', {
      dest: '/etc/apt/sources.list.d/docker.sources',
      mode: '0644',
      content: [
        'Types: deb',
        `URIs: ${SITE}/${site}`,
        `Suites: ${release}`,
        'Components: stable',
        `Signed-By: ${key}`,
        '',
      ].join('\n'),
    }),
    apt('Install Docker', { name: PACKAGES, update_cache: true }),
  ]
}

function fromRpm(site: string) {
  const key = '/etc/pki/rpm-gpg/docker.asc'
  return [
    command('Install repository prerequisites', {
      cmd: 'dnf -y install ca-certificates curl gnupg2',
      creates: '/usr/bin/gpg',
    }),
    keyTasks(`${SITE}/${site}/gpg`, key, FINGERPRINTS.rpm),
    copy('Add Docker repository', {
      dest: '/etc/yum.repos.d/docker-ce.repo',
      mode: '0644',
      content: [
        '[docker-ce-stable]',
        'name=Docker CE Stable',
        `baseurl=${SITE}/${site}/$releasever/$basearch/stable`,
        'enabled=1',
        'gpgcheck=1',
        `gpgkey=file://${key}`,
        '',
      ].join('\n'),
    }),
    command('Install Docker', { cmd: `dnf -y install ${PACKAGES.join(' ')}`, creates: '/usr/bin/dockerd' }),
  ]
}
