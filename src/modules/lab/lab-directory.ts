import { sh } from '../../shell/quote.ts'

/** The comment of the lab's key. It marks the directory as a lab directory. */
export const KEY_COMMENT = 'labbook'

/**
 * Prints `foreign` if the directory holds files of no lab. Removing a lab deletes its directory, so a `lab_dir` such as
 * a home directory is rejected before anything is created in it.
 */
export const reportForeign = (dir: string): string => sh`
keys=$({ cat ${dir}/id_ed25519.pub; ssh-keygen -y -P '' -f ${dir}/id_ed25519 </dev/null; } 2>/dev/null)
case $keys in
  *' '${KEY_COMMENT}*) ;;
  # ssh-keygen may have been killed midway.
  '') [ -z "$(ls -A ${dir} 2>/dev/null | grep -v -e '^[.]new_key' -e '^id_ed25519')" ] || echo foreign ;;
  *) echo foreign ;;
esac`

/** Removes the directory. The key goes last: it marks a lab directory, so an interrupted removal can resume. */
export const removeDirectory = (dir: string): string => sh`
[ ! -d ${dir} ] || find ${dir} -mindepth 1 -maxdepth 1 ! -name 'id_ed25519*' -exec rm -rf {} + || exit
rm -rf ${dir}`

/** The problem that a plan reports. */
export const foreignProblem = (dir: string): string =>
  `"${dir}" holds files of no lab, and removing a lab deletes its directory: set lab_dir to a new directory`
