// 100 sequential execs over one ssh2 connection: the limit for a Node runner that sends separate commands.
// Arguments: address, private key, known_hosts.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// The ssh2 package that Labbook uses.
const ssh2 = /** @type {typeof import('ssh2')} */ (
  createRequire(createRequire(import.meta.url).resolve('node-ssh'))('ssh2')
)

const [address = '', key = '', knownHosts = ''] = process.argv.slice(2)
const known = readFileSync(knownHosts, 'utf8')
  .split('\n')
  .find((line) => line.startsWith(`${address} `))
  ?.split(' ')[2]
const client = new ssh2.Client()

/** @returns {Promise<void>} */
const exec = (/** @type {string} */ command) =>
  new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) {
        reject(error)
        return
      }
      channel.on('close', (/** @type {number} */ code) =>
        code === 0 ? resolve() : reject(new Error(`${command}: exit code ${code}`)),
      )
      channel.resume()
      channel.stderr.resume()
    })
  })

/** @param {Error} error */
const fail = (error) => {
  console.error(error.message)
  process.exitCode = 1
}

async function run() {
  client.setNoDelay(true)
  for (let number = 0; number < 100; number++) await exec(`/bin/echo ${number}`)
  client.end()
  console.log(`${address} changed=0`)
}

client.on('ready', () => void run().catch(fail))
client.on('error', fail)
client.connect({
  host: address,
  username: 'root',
  privateKey: readFileSync(key),
  algorithms: { kex: ['curve25519-sha256'] },
  hostVerifier: (/** @type {Buffer} */ offered) => offered.toString('base64') === known,
})
