import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type Exhibit, unquoted, sh, MessageError } from 'labbook'
import { labExperiment, type LabContext, say, verbatim, type LabText } from '../messages/say.ts'
import { machineAccount } from './accounts.ts'
import { registryAddress, registryHost, registryNames } from './address.ts'
import { curlFunctions, MANIFEST_ACCEPT_HEADER, typedRequest } from './client.ts'

/** Checks TLS, authentication, push and pull. */
export const accessProof = labExperiment(
  'Check registry access',
  {
    hosts: 'registry[0]',
    tags: ['registry', 'proof'],
    // It pushes a test image, pulls it on another node, and deletes it.
    disturbs: false,
    assertions: {
      'registry.tls.verified': "The certificate verifies against the lab's CA for each name and address",
      'registry.plain-http.refused': 'The registry refuses plain HTTP',
      'registry.anonymous.refused': 'The registry refuses anonymous clients',
      'registry.login.accepted': 'The registry accepts a correct password',
      'registry.login.refused': 'The registry refuses a wrong password',
      'registry.push.https': 'Push over HTTPS succeeds',
      'registry.pull.anonymous-refused': 'The registry refuses a pull without login',
      'registry.pull.other-node': 'A node without the image pulls it with an identical digest',
      'registry.untrusted.refused': 'A client without the CA certificate rejects the registry',
    },
  },
  async (on) => {
    await tls(on)
    await untrusted(on)
    await unauthenticated(on)
    await logins(on)
    const digest = await push(on)
    await pull(on, digest)
  },
)

async function tls(on: LabContext): Promise<void> {
  const address = registryAddress(on)
  const names = registryNames(on)
  const [host = ''] = address.split(/:\d+$/)
  const handshake = await on.exhibit({
    title: 'TLS handshake',
    command: sh`openssl s_client -connect ${address} -CAfile ${`/etc/docker/certs.d/${address}/ca.crt`} -verify_return_error ${unquoted(isIP(host) ? '-verify_ip' : '-verify_hostname')} ${host} -brief </dev/null 2>&1`,
  })
  const certificate = await on.exhibit({
    title: 'Names and validity of the certificate',
    command: sh`openssl s_client -connect ${address} </dev/null 2>/dev/null | openssl x509 -subject -issuer -dates -serial -ext subjectAltName,keyUsage,extendedKeyUsage`,
  })
  const curl = await on.exhibit({
    title: "curl with the system's trust store, without -k",
    command: sh`curl -sS -o /dev/null -w 'status %{http_code}, verification %{ssl_verify_result}, TLS over %{remote_ip}\n' ${`https://${address}/v2/`}`,
  })
  const missing = namesNotIn(certificate.stdout, names)
  on.finding('registry.tls.verified', {
    holds:
      handshake.exitCode === 0 &&
      /Verification: OK/.test(handshake.stdout) &&
      curl.stdout.startsWith('status 401, verification 0') &&
      missing.length === 0,
    evidence: [handshake, certificate, curl],
    detail:
      missing.length === 0
        ? say('the certificate covers {names}', { names: names.join(', ') })
        : say('the certificate does not cover {missing}', { missing: missing.join(', ') }),
  })
}

/**
 * The names and addresses that a certificate does not cover.
 *
 * @param output - contains the certificate as PEM; without one, all are missing.
 */
export function namesNotIn(output: string, names: readonly string[]): string[] {
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(output)?.[0]
  if (pem === undefined) return [...names]
  const certificate = new X509Certificate(pem)
  return names.filter(
    (name) =>
      (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name, { subject: 'never' })) === undefined,
  )
}

async function untrusted(on: LabContext): Promise<void> {
  const address = registryAddress(on)
  // The distribution's CA certificates, without the lab's CA.
  const others =
    'cat /usr/share/ca-certificates/mozilla/*.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem 2>/dev/null'
  const refused = await on.exhibit({
    title: 'Client without the CA certificate',
    command: sh`others=$(mktemp); trap 'rm -f "$others"' EXIT; ${unquoted(others)} >"$others"
curl -sS --capath /nonexistent --cacert "$others" -o /dev/null ${`https://${address}/v2/`}`,
    displayCommand: sh`curl -sS --cacert mozilla-ca-certificates.crt ${`https://${address}/v2/`}`,
  })
  on.finding('registry.untrusted.refused', {
    holds: refused.exitCode === 60,
    evidence: [refused],
    detail: say('curl exited with {exitCode}; 60 means "certificate cannot be verified"', {
      exitCode: refused.exitCode,
    }),
  })
}

async function unauthenticated(on: LabContext): Promise<void> {
  const address = registryAddress(on)
  const plain = await on.exhibit({
    title: 'Plain HTTP',
    command: sh`curl -sS -i --max-time 10 ${`http://${address}/v2/`}`,
  })
  on.finding('registry.plain-http.refused', {
    holds: /^HTTP\/\S+ 400 /.test(plain.stdout),
    evidence: [plain],
    detail: plain.stdout === '' ? say('no response') : verbatim(plain.stdout.split('\n')[0] ?? ''),
  })
  const anonymous = await on.exhibit({
    title: 'Anonymous client',
    command: sh`curl -sS -i --cacert ${`/etc/docker/certs.d/${address}/ca.crt`} ${`https://${address}/v2/_catalog`}`,
  })
  const challenge = /^www-authenticate: (.+?)\r?$/im.exec(anonymous.stdout)?.[1]
  on.finding('registry.anonymous.refused', {
    holds: /^HTTP\/\S+ 401/.test(anonymous.stdout) && challenge !== undefined,
    evidence: [anonymous],
    detail:
      challenge === undefined
        ? say('no WWW-Authenticate header')
        : say('401, WWW-Authenticate: {challenge}', { challenge }),
  })
}

async function logins(on: LabContext): Promise<void> {
  const address = registryAddress(on)
  const { name, password } = machineAccount(on)
  if (password === undefined)
    throw new MessageError(say('the registry password is missing on this machine: run playbooks/registry.mjs'))
  // A temporary directory: the saved login of this machine stays unchanged.
  const attempt = (title: LabText, candidate: string): Promise<Exhibit> =>
    on.exhibit({
      title,
      command: sh`folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
printf '%s\n' ${candidate} | docker --config "$folder" login ${address} --username ${name} --password-stdin`,
      displayCommand: sh`docker login ${address} --username ${name} --password-stdin`,
    })
  const right = await attempt('Log in with the correct password', password.reveal())
  on.finding('registry.login.accepted', {
    holds: right.exitCode === 0 && /Login Succeeded/.test(right.stdout),
    evidence: [right],
    detail: say('docker login exited with {exitCode}', { exitCode: right.exitCode }),
  })
  const wrong = await attempt('Log in with a wrong password', 'not the password')
  on.finding('registry.login.refused', {
    holds: wrong.exitCode !== 0 && /unauthorized|401/i.test(wrong.stderr),
    evidence: [wrong],
    detail: say('docker login exited with {exitCode}: {message}', {
      exitCode: wrong.exitCode,
      message: wrong.stderr.trim().split('\n').at(-1) ?? '',
    }),
  })
}

/** Pushes a new unique image, which no other host can have. */
async function push(on: LabContext): Promise<string> {
  const address = registryAddress(on)
  const image = `${address}/labbook/try:latest`
  const pushed = await on.exhibit({
    title: 'Push an image over HTTPS',
    timeout: 120,
    command: sh`folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
date +%s.%N >"$folder/now" && tar -C "$folder" -cf - now | docker import - ${image} && docker push ${image}`,
    displayCommand: sh`tar -cf - now | docker import - ${image} && docker push ${image}`,
  })
  const digest = /digest: (sha256:\w{64})/.exec(pushed.stdout)?.[1]
  const known = await on.exhibit({
    title: 'Manifest in the registry',
    command: `${curlFunctions(on)}\nask -I -H '${MANIFEST_ACCEPT_HEADER}' https://${address}/v2/labbook/try/manifests/latest`,
    displayCommand: typedRequest(on, `-I https://${address}/v2/labbook/try/manifests/latest`),
  })
  on.finding('registry.push.https', {
    holds: pushed.exitCode === 0 && digest !== undefined && known.stdout.includes(digest),
    evidence: [pushed, known],
    detail: digest === undefined ? say('docker push printed no digest') : verbatim(digest),
  })
  return digest ?? ''
}

async function pull(on: LabContext, digest: string): Promise<void> {
  const address = registryAddress(on)
  const other = (on.groups.docker ?? []).findLast((host) => host !== registryHost(on))
  const image = `${address}/labbook/try@${digest}`
  if (other === undefined || digest === '') {
    on.inconclusive(other === undefined ? say('no other host with Docker') : say('the push failed'))
    return
  }
  const absent = await on.exhibit({
    title: say('Image on {other} before the pull', { other }),
    host: other,
    command: sh`docker image inspect ${image}`,
  })
  const refused = await on.exhibit({
    title: say('Pull on {other} without login', { other }),
    host: other,
    // An empty configuration has no saved login.
    command: sh`folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
docker --config "$folder" pull ${image}`,
    displayCommand: sh`docker --config no-login pull ${image}`,
    timeout: 120,
  })
  on.finding('registry.pull.anonymous-refused', {
    holds: refused.exitCode !== 0 && /no basic auth credentials|unauthorized|401/i.test(refused.stderr),
    evidence: [refused],
    detail: say('docker pull exited with {exitCode}: {message}', {
      exitCode: refused.exitCode,
      message: refused.stderr.trim().split('\n').at(-1) ?? '',
    }),
  })
  const pulled = await on.exhibit({
    title: say('Pull on {other}', { other }),
    host: other,
    command: sh`docker pull ${image}`,
    timeout: 120,
  })
  const present = await on.exhibit({
    title: say('Image on {other} after the pull', { other }),
    host: other,
    command: sh`docker image inspect ${image} --format '{{json .RepoDigests}}'`,
  })
  on.finding('registry.pull.other-node', {
    holds: absent.exitCode !== 0 && pulled.exitCode === 0 && present.stdout.includes(digest),
    evidence: [absent, pulled, present],
    detail: say('{node} has {digest}...', { node: other, digest: digest.slice(0, 19) }),
  })
  await on.exhibit({ title: 'Clean up', host: other, command: sh`docker image rm ${image}` })
  await on.exhibit({
    title: 'Clean up in the registry',
    command: `docker image rm ${address}/labbook/try:latest
${curlFunctions(on)}\nask -f -X DELETE -w 'status %{http_code}\\n' https://${address}/v2/labbook/try/manifests/${digest}`,
  })
}
