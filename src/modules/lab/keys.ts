import * as z from 'zod'
import { defineModule } from '../task.ts'
import { contentOf, setContent, setNewDirectory } from '../support/effects.ts'
import { raw, sh } from '../../shell/quote.ts'
import { KEY_COMMENT, foreignProblem, reportForeign } from './lab-directory.ts'
import { labDirectory, parseFacts } from './names.ts'

/** What {@link lab_keys} registers. */
export interface LabKeys {
  /** Path of the private key. */
  readonly private_key: string
  readonly public_key: string
}

/** The SSH key for the lab's nodes: `<dir>/id_ed25519`. */
export const lab_keys = defineModule({
  name: 'lab_keys',
  schema: z.strictObject({ dir: labDirectory }),
  reads: ({ dir }) => [dir, ...keyFiles(dir).flatMap(contentOf)],
  sets: ({ dir }) => [...setNewDirectory(dir), ...keyFiles(dir).flatMap(setContent)],
  title: ({ dir }) => `${dir}/id_ed25519`,
  probe: ({ dir }) => sh`
command -v ssh-keygen >/dev/null || echo missing ssh-keygen
public=$(ssh-keygen -y -P '' -f ${dir}/id_ed25519 2>/dev/null </dev/null) || public=
[ -z "$public" ] || printf 'public %s\n' "$public"
set -- $public
[ -z "$public" ] || [ "$(cut -d' ' -f1,2 ${dir}/id_ed25519.pub 2>/dev/null)" != "$1 $2" ] || echo published
${raw(reportForeign(dir))}`,
  plan: ({ dir }, { stdout }) => {
    const facts = new Map(parseFacts(stdout))
    if (facts.has('missing'))
      return { changes: [], problem: 'ssh-keygen is missing: install the package openssh-client' }
    if (facts.has('foreign')) return { changes: [], problem: foreignProblem(dir) }
    const key = `${dir}/id_ed25519`
    const public_key = facts.get('public')
    if (public_key === undefined) return { changes: [{ description: `create the key ${key}`, script: create(dir) }] }
    if (!facts.has('published')) {
      return { changes: [{ description: `write ${key}.pub`, script: publish(dir) }] }
    }
    return { changes: [], values: { private_key: key, public_key } satisfies LabKeys }
  },
})

const keyFiles = (dir: string): string[] => [`${dir}/id_ed25519`, `${dir}/id_ed25519.pub`]

/** The public key first: an existing private key then implies both. */
const create = (dir: string): string => sh`
umask 077
mkdir -p ${dir} && chmod 755 ${dir} || exit
rm -f ${dir}/.new_key ${dir}/.new_key.pub || exit
ssh-keygen -q -t ed25519 -N '' -C ${KEY_COMMENT} -f ${dir}/.new_key </dev/null || exit
chmod 644 ${dir}/.new_key.pub || exit
mv -f ${dir}/.new_key.pub ${dir}/id_ed25519.pub || exit
mv -f ${dir}/.new_key ${dir}/id_ed25519`

const publish = (dir: string): string => sh`
ssh-keygen -y -P '' -f ${dir}/id_ed25519 </dev/null >${dir}/.new_key.pub || exit
mv -f ${dir}/.new_key.pub ${dir}/id_ed25519.pub`
