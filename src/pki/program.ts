import { Refusal } from '../modules/support/worker.ts'
import { lookAtCa, makeCa } from './ca.ts'
import { lookAtCertificate, makeCertificate } from './certificate.ts'

/** Programs of the worker for the modules `x509_ca` and `x509_certificate`. */
export const programs = {
  look_ca: withReadableErrors(lookAtCa),
  make_ca: withReadableErrors(makeCa),
  look_certificate: withReadableErrors(lookAtCertificate),
  make_certificate: withReadableErrors(makeCertificate),
}

/**
 * Reports system errors, such as a full disk or missing permissions, without a stack trace.
 */
function withReadableErrors<R, A>(program: (request: R) => Promise<A>): (request: R) => Promise<A> {
  return (request) =>
    program(request).catch((error: NodeJS.ErrnoException) => {
      throw error.syscall === undefined ? error : new Refusal(error.message)
    })
}
