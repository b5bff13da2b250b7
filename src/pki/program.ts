import { Refusal } from '../modules/support/worker.ts'
import { lookAtCa, makeCa } from './ca.ts'
import { lookAtCertificate, makeCertificate } from './certificate.ts'

/** What the modules `x509_ca` and `x509_certificate` have a worker do. To look changes nothing. */
export const programs = {
  look_ca: inWords(lookAtCa),
  make_ca: inWords(makeCa),
  look_certificate: inWords(lookAtCertificate),
  make_certificate: inWords(makeCertificate),
}

/**
 * A full disk, a folder that is someone else's: the system's own sentence says it, with the path; where in here it came
 * up helps nobody.
 */
function inWords<R, A>(program: (request: R) => Promise<A>): (request: R) => Promise<A> {
  return (request) =>
    program(request).catch((error: NodeJS.ErrnoException) => {
      throw error.syscall === undefined ? error : new Refusal(error.message)
    })
}
