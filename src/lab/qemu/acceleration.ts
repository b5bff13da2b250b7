import { z } from 'zod'
import { defineModule } from '../../modules/task.ts'
import { contentOf, setContent, setNewDirectory } from '../../modules/support/effects.ts'
import { sh } from '../../shell/quote.ts'
import { folder, pairs } from '../names.ts'
import { processFunctions } from './scripts/vm.ts'

const schema = z.strictObject({
  dir: folder.describe('The folder of the lab'),
  images: folder.describe('The folder of lab_vm_image'),
  cloud_image: z.string().optional(),
  want: z.enum(['auto', 'kvm', 'hvf', 'tcg']).default('auto').describe('auto: what truly works here'),
})

/** What {@link lab_vm_acceleration} registers. */
export interface LabVmAcceleration {
  readonly acceleration: string
  /** Why this one. */
  readonly why: string
}

/**
 * What runs the virtual machines' instructions: the processor itself (KVM on Linux, HVF on macOS) where it truly does,
 * else software. `/dev/kvm` may be there and fail all the same, so a kernel is booted with it, and has to get as far as
 * its first process.
 */
export const lab_vm_acceleration = defineModule({
  name: 'lab_vm_acceleration',
  schema,
  // The image as well: this may be asked before the task that makes it has run.
  reads: ({ dir, images, cloud_image }) =>
    [`${dir}/acceleration`, cloud_image ?? `${images}/current/vmlinuz`].flatMap(contentOf),
  sets: ({ dir }) => [...setNewDirectory(dir), ...setContent(`${dir}/acceleration`)],
  title: ({ want }) => want,
  probe: ({ dir, images, cloud_image }) => sh`
case $(uname -m) in x86_64|amd64) qemu=qemu-system-x86_64 ;; *) qemu=qemu-system-aarch64 ;; esac
command -v "$qemu" >/dev/null || printf 'missing %s\n' "$qemu"
[ ! -r ${dir}/acceleration ] || { read -r name why <${dir}/acceleration && printf 'name %s\nwhy %s\n' "$name" "$why"; }
[ -s ${cloud_image ?? `${images}/current/vmlinuz`} ] || echo no-image`,
  plan: ({ dir, images, cloud_image, want }, { stdout }) => {
    const seen = new Map(pairs(stdout))
    const missing = seen.get('missing')
    if (missing !== undefined)
      return {
        changes: [],
        problem: `virtual machines need ${missing}: install QEMU (Debian: qemu-system-x86, qemu-utils; macOS: brew install qemu)`,
      }
    const [name, why = ''] = [seen.get('name'), seen.get('why')]
    if (name !== undefined && (want === 'auto' || want === name))
      return { changes: [], values: { acceleration: name, why } satisfies LabVmAcceleration }
    if (want !== 'auto') {
      const description = `run virtual machines with ${want}, as lab_acceleration says${name === undefined ? '' : `; those that run with ${name} are ended`}`
      return { changes: [{ description, script: choose(dir, want) }] }
    }
    if (seen.has('no-image'))
      return { changes: [], problem: `no image in ${cloud_image ?? images} to try with: lab_vm_image makes it` }
    return {
      changes: [
        {
          description: 'try what runs virtual machines here: the processor itself, or software',
          script: trial(dir, images, cloud_image),
        },
      ],
    }
  },
  timeLimitSeconds: () => 200,
})

const choose = (dir: string, name: string): string =>
  `${processFunctions}${sh`
mkdir -p ${dir} && lab_end_vms ${dir} && printf '%s %s\n' ${name} 'as lab_acceleration says' >${`${dir}/acceleration`}`}`

const trial = (dir: string, images: string, cloudImage: string | undefined): string => sh`
dir=${dir} base=${`${images}/current`} cloud=${cloudImage ?? ''}
mkdir -p "$dir" || exit
case $(uname -m) in
  x86_64|amd64) qemu=qemu-system-x86_64 machine=q35 tty=ttyS0 ;;
  *) qemu=qemu-system-aarch64 machine=virt tty=ttyAMA0 ;;
esac
# Boots with an acceleration; succeeds when the kernel's first process (of a cloud image: anything) has spoken within half a minute.
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
  why="it is there and does not work (no sign of life in half a minute)"
  [ -z "$said" ] || why="it is there and does not work ($said)"
  return 1
}
case $(uname -s) in Darwin) fast=hvf ;; *) fast=kvm ;; esac
why=
if [ "$fast" = kvm ] && [ ! -e /dev/kvm ]; then why='there is no /dev/kvm'
elif [ "$fast" = kvm ] && { [ ! -r /dev/kvm ] || [ ! -w /dev/kvm ]; }; then why='this user may not use /dev/kvm: join the group kvm'
elif [ "$fast" = hvf ] && [ "$(sysctl -n kern.hv_support 2>/dev/null)" != 1 ]; then why='this Mac has no hypervisor support'
elif lab_try "$fast"; then
  printf '%s %s\n' "$fast" 'a kernel booted with it' >"$dir/acceleration"
fi
[ -s "$dir/acceleration" ] || printf 'tcg %s: %s\n' "$fast" "$why" >"$dir/acceleration"
rm -f "$dir/try.log" "$dir/try.err"`
