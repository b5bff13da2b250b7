import { apt, command, copy, file, get_url, HOST_DIRECTORIES, PlaybookError, shell, toText } from 'labbook'

/** Fingerprints of Docker's signing keys, from Docker's documentation. Any other key is rejected. */
const FINGERPRINTS = {
  deb: '9DC858229FC7DD38854AE2D88D81803C0EBFCD88',
  rpm: '060A61C51B558A7F742B77AAC52FEB6B621E9F35',
} as const
const PACKAGES = ['docker-ce', 'docker-ce-cli', 'containerd.io']

/** Distributions that Docker's repository has packages for, and their directories there. */
const DEB_DIRECTORIES: Readonly<Record<string, string>> = { Debian: 'debian', Ubuntu: 'ubuntu' }

/** Docker's repository, or a mirror of it. */
export interface DockerRepository {
  readonly url: string
  /** Fingerprint of the signing key, if it is not Docker's. */
  readonly fingerprint?: string | undefined
}

/**
 * Tasks that install Docker from Docker's own repository, on hosts of Debian, Ubuntu and the Fedora family.
 *
 * @throws {PlaybookError} if the repository has no packages for the host.
 */
export function dockerCe(facts: Readonly<Record<string, unknown>>, repository: DockerRepository) {
  const distribution = toText(facts.distribution ?? 'Debian')
  if (facts.os_family === 'RedHat')
    return fromRpm(distribution === 'Fedora' ? 'fedora' : distribution === 'RedHat' ? 'rhel' : 'centos', repository)
  const directory = DEB_DIRECTORIES[distribution]
  const release = toText(facts.distribution_release ?? '')
  // Without facts, tasks are only listed.
  if (directory === undefined || (release === '' && facts.distribution !== undefined)) {
    const host = directory === undefined ? distribution : `${distribution} without a code name in /etc/os-release`
    throw new PlaybookError(
      `docker_source: docker-ce supports Debian, Ubuntu and the Fedora family, not ${host}: use docker_source: distro`,
    )
  }
  return fromDeb(directory, release, repository)
}

/** A script that sets `found`: the fingerprint of the key in a file, and whether it has further keys. */
const fingerprintOf = (path: string): string =>
  `home=$(mktemp -d) && found=$(gpg --batch --no-options --homedir "$home" --show-keys --with-colons ${path} | awk -F: '$1 == "pub" { keys++ } $1 == "fpr" && !first { first = $10 } END { print first (keys > 1 ? " and further keys" : "") }'); rm -rf "$home"`

/**
 * Downloads the key, and installs it only after its fingerprint has been verified. A file with further keys is
 * rejected, as they would be trusted too; so is a file that is already there with another key. Another fingerprint has
 * another file, so that a host follows a change of it.
 */
function signingKey(url: string, directory: string, dockers: string, { fingerprint = dockers }: DockerRepository) {
  const name = fingerprint === dockers ? 'docker' : `docker-${fingerprint.toLowerCase()}`
  const downloaded = `${HOST_DIRECTORIES.state}/${name}-key.asc`
  const path = `${directory}/${name}.asc`
  const expected = `${fingerprint === dockers ? "Docker's" : 'docker_repo_fingerprint'} ${fingerprint}`
  const tasks = [
    shell("Verify Docker's GPG key that is already here", {
      cmd: `[ -e ${path} ] || [ -L ${path} ] || exit 0
${fingerprintOf(path)}
[ "$found" = ${fingerprint} ] || { echo "${path} has fingerprint $found, not ${expected}: not trusted, nothing installed. Remove this file, and Labbook installs the key" >&2; exit 1; }`,
      read_only: true,
      reads: [path, 'package:gpg'],
    }),
    file(`Create ${HOST_DIRECTORIES.state}`, { path: HOST_DIRECTORIES.state, state: 'directory', mode: '0755' }),
    get_url(`Download Docker's GPG key (without access to ${new URL(url).host}, set docker_source: distro)`, {
      url,
      dest: downloaded,
      mode: '0644',
    }),
    shell("Verify and install Docker's GPG key", {
      cmd: `${fingerprintOf(downloaded)}
[ "$found" = ${fingerprint} ] || { rm -f ${downloaded}; echo "the key at ${url} has fingerprint $found, not ${expected}: not trusted, nothing installed" >&2; exit 1; }
install -D -m 644 ${downloaded} ${path}`,
      creates: path,
    }),
  ]
  return { path, tasks }
}

function fromDeb(directory: string, release: string, repository: DockerRepository) {
  const uri = `${repository.url}/${directory}`
  const key = signingKey(`${uri}/gpg`, '/etc/apt/keyrings', FINGERPRINTS.deb, repository)
  return [
    apt('Install repository prerequisites', {
      name: ['ca-certificates', 'curl', 'gpg'],
      update_cache: true,
      cache_valid_time: 3600,
      install_recommends: false,
    }),
    key.tasks,
    copy('Add Docker repository', {
      dest: '/etc/apt/sources.list.d/docker.sources',
      mode: '0644',
      content: [
        'Types: deb',
        `URIs: ${uri}`,
        `Suites: ${release}`,
        'Components: stable',
        `Signed-By: ${key.path}`,
        '',
      ].join('\n'),
    }),
    apt('Install Docker', { name: PACKAGES, update_cache: true }),
  ]
}

function fromRpm(directory: string, repository: DockerRepository) {
  const uri = `${repository.url}/${directory}`
  const key = signingKey(`${uri}/gpg`, '/etc/pki/rpm-gpg', FINGERPRINTS.rpm, repository)
  return [
    command('Install repository prerequisites', {
      cmd: 'dnf -y install ca-certificates curl gnupg2',
      creates: '/usr/bin/gpg',
    }),
    key.tasks,
    copy('Add Docker repository', {
      dest: '/etc/yum.repos.d/docker-ce.repo',
      mode: '0644',
      content: [
        '[docker-ce-stable]',
        'name=Docker CE Stable',
        `baseurl=${uri}/$releasever/$basearch/stable`,
        'enabled=1',
        'gpgcheck=1',
        `gpgkey=file://${key.path}`,
        '',
      ].join('\n'),
    }),
    command('Install Docker', { cmd: `dnf -y install ${PACKAGES.join(' ')}`, creates: '/usr/bin/dockerd' }),
  ]
}
