import { sh } from '../shell/quote.ts'

/** The comment of the lab's key, which says that the folder is a lab's. */
export const KEY_COMMENT = 'labbook'

/**
 * Prints `foreign` where the folder holds what no lab has put there. Taking a lab down removes its folder with all that
 * is in it, so a `lab_dir` that is somebody's home is refused before anything is made in it, and never removed.
 */
export const tellForeign = (dir: string): string => sh`
keys=$({ cat ${dir}/id_ed25519.pub; ssh-keygen -y -P '' -f ${dir}/id_ed25519 </dev/null; } 2>/dev/null)
case $keys in
  *' '${KEY_COMMENT}*) ;;
  # A lab that was killed while its key was made has left halves of it.
  '') [ -z "$(ls -A ${dir} 2>/dev/null | grep -v -e '^[.]new_key' -e '^id_ed25519')" ] || echo foreign ;;
  *) echo foreign ;;
esac`

/**
 * Removes the folder; what tells that it is a lab's goes last, so that an interrupted removal can be taken up again.
 */
export const removeFolder = (dir: string): string => sh`
[ ! -d ${dir} ] || find ${dir} -mindepth 1 -maxdepth 1 ! -name 'id_ed25519*' -exec rm -rf {} + || exit
rm -rf ${dir}`

/** What is wrong, for a plan. */
export const foreignProblem = (dir: string): string =>
  `${dir} holds what is no lab's, and a lab is removed with its folder: give lab_dir a folder that is not there yet`
