import * as z from 'zod'
import { defineModule } from '../../task.ts'
import { contentOf, setContent, setNewDirectory } from '../../support/effects.ts'
import { raw, sh } from '../../../shell/quote.ts'
import { labDirectory, parseFacts } from '../names.ts'
import { qemuOfMachine, qemuPackage } from './scripts/architecture.ts'
import { processFunctions } from './scripts/vm.ts'

const schema = z.strictObject({
  dir: labDirectory.describe('Directory of the lab'),
  images: labDirectory.describe('Directory of lab_vm_image'),
  cloud_image: z.string().optional(),
  want: z.enum(['auto', 'kvm', 'hvf', 'tcg']).default('auto').describe('auto: the fastest that works here'),
})

/** What {@link lab_vm_acceleration} registers. */
export interface LabVmAcceleration {
  readonly acceleration: string
  /** Why it was chosen. */
  readonly why: string
}

/**
 * Chooses the accelerator of the virtual machines: KVM on Linux, HVF on macOS, else software emulation (TCG). An
 * existing `/dev/kvm` may still fail, so this boots a kernel with it up to its first process.
 */
export const lab_vm_acceleration = defineModule({
  name: 'lab_vm_acceleration',
  schema,
  // The image too: check mode may get here before the task that builds it.
  reads: ({ dir, images, cloud_image }) =>
    [`${dir}/acceleration`, cloud_image ?? `${images}/current/vmlinuz`].flatMap(contentOf),
  sets: ({ dir }) => [...setNewDirectory(dir), ...setContent(`${dir}/acceleration`)],
  title: ({ want }) => want,
  probe: ({ dir, images, cloud_image }) => sh`${raw(qemuOfMachine)}
command -v "$qemu" >/dev/null || printf 'missing %s\n' "$qemu"
[ ! -r ${dir}/acceleration ] || { read -r name why <${dir}/acceleration && printf 'name %s\nwhy %s\n' "$name" "$why"; }
[ -s ${cloud_image ?? `${images}/current/vmlinuz`} ] || echo no-image`,
  plan: ({ dir, images, cloud_image, want }, { stdout }) => {
    const facts = new Map(parseFacts(stdout))
    const missing = facts.get('missing')
    if (missing !== undefined)
      return {
        changes: [],
        problem: `missing ${missing}: install QEMU (Debian: ${qemuPackage([missing])}, qemu-utils; macOS: brew install qemu)`,
      }
    const [name, why = ''] = [facts.get('name'), facts.get('why')]
    if (name !== undefined && (want === 'auto' || want === name))
      return { changes: [], values: { acceleration: name, why } satisfies LabVmAcceleration }
    if (want !== 'auto') {
      const description = `use ${want} as set by lab_acceleration${name === undefined ? '' : ` and stop the machines that use ${name}`}`
      return { changes: [{ description, script: setAcceleration(dir, want) }] }
    }
    if (facts.has('no-image'))
      return { changes: [], problem: `no image in "${cloud_image ?? images}": run lab_vm_image first` }
    return {
      changes: [
        {
          description: 'detect hardware acceleration',
          script: detectAcceleration(dir, images, cloud_image),
        },
      ],
    }
  },
  timeLimitSeconds: () => 200,
})

const setAcceleration = (dir: string, name: string): string =>
  `${processFunctions}${sh`
mkdir -p ${dir} && lab_end_vms ${dir} && printf '%s %s\n' ${name} 'set by lab_acceleration' >${`${dir}/acceleration`}`}`

const detectAcceleration = (dir: string, images: string, cloudImage: string | undefined): string => sh`
dir=${dir} base=${`${images}/current`} cloud=${cloudImage ?? ''}
mkdir -p "$dir" || exit
${raw(qemuOfMachine)}
# Boots with an accelerator; succeeds if the kernel's first process (cloud image: anything) prints within 30 s.
lab_try() {
  rm -f "$dir/try.log" "$dir/try.err"
  set -- -accel "$1" -cpu host
  if [ -n "$cloud" ]; then
    wanted=. ; set -- "$@" -drive "file=$cloud,if=virtio,snapshot=on"
    [ "$machine" = q35 ] || set -- "$@" -bios edk2-aarch64-code.fd
  else
    wanted='labbook: tried'; set -- "$@" -kernel "$base/vmlinuz" -initrd "$base/initrd" -append "console=$tty lab.try panic=-1"
  fi
  "$qemu" -nodefaults -no-user-config -display none -no-reboot -machine "$machine" -m 512 -smp 2 "$@" -serial "file:$dir/try.log" </dev/null >"$dir/try.err" 2>&1 &
  tried=$!
  seconds=0
  until grep -q "$wanted" "$dir/try.log" 2>/dev/null; do
    if grep -Eq 'internal error|emulation failure' "$dir/try.err" 2>/dev/null || ! kill -0 "$tried" 2>/dev/null || [ "$seconds" -ge 60 ]; then break; fi
    sleep 0.5; seconds=$((seconds + 1))
  done
  kill -9 "$tried" 2>/dev/null; wait "$tried" 2>/dev/null
  if grep -q "$wanted" "$dir/try.log" 2>/dev/null; then return 0; fi
  said=$(grep -m 1 -iE 'error|failure|not permitted|denied|could not|failed' "$dir/try.err" | tr -d '\\r' | cut -c1-160)
  why="it does not work (no output within 30 s)"
  [ -z "$said" ] || why="it does not work ($said)"
  return 1
}
case $(uname -s) in Darwin) fast=hvf ;; *) fast=kvm ;; esac
why=
if [ "$fast" = kvm ] && [ ! -e /dev/kvm ]; then why='/dev/kvm does not exist'
elif [ "$fast" = kvm ] && { [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; }; then why='no permission for /dev/kvm: add this user to the group kvm'
elif [ "$fast" = hvf ] && [ "$(sysctl -n kern.hv_support 2>/dev/null)" != 1 ]; then why='this Mac has no hypervisor support'
elif lab_try "$fast"; then
  printf '%s %s\n' "$fast" 'a test kernel booted' >"$dir/acceleration"
fi
[ -s "$dir/acceleration" ] || printf 'tcg %s: %s\n' "$fast" "$why" >"$dir/acceleration"
rm -f "$dir/try.log" "$dir/try.err"`
