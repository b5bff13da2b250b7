import { Refusal } from '../support/worker.ts'
import { readCaStatus, createCa } from './ca.ts'
import { readCertificateStatus, createCertificate } from './certificate.ts'

/** Programs of the worker for the modules `x509_ca` and `x509_certificate`. */
export const programs = {
  look_ca: withReadableErrors(readCaStatus),
  make_ca: withReadableErrors(createCa),
  look_certificate: withReadableErrors(readCertificateStatus),
  make_certificate: withReadableErrors(createCertificate),
}

/**
 * Reports system errors, such as a full disk or missing permissions, without a stack trace.
 */
function withReadableErrors<R, A>(program: (request: R) => Promise<A>): (request: R) => Promise<A> {
  return (request) =>
    program(request).catch((error: unknown) => {
      throw error instanceof Error && 'syscall' in error ? new Refusal(error.message) : error
    })
}
