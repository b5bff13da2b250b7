/** Sets `qemu` to QEMU of this machine's architecture, and `machine` and `tty` to what it emulates. */
export const qemuOfMachine = String.raw`
case $(uname -m) in
  x86_64|amd64) qemu=qemu-system-x86_64 machine=q35 tty=ttyS0 ;;
  *) qemu=qemu-system-aarch64 machine=virt tty=ttyAMA0 ;;
esac
`

/** Debian's package of QEMU, if these commands are missing. */
export const qemuPackage = (missing: readonly string[]): string =>
  missing.includes('qemu-system-aarch64') ? 'qemu-system-arm' : 'qemu-system-x86'
