/**
 * Enterprise certificates (virksomhetssertifikat): who is trusted, whether a certificate was
 * revoked, whose it is; and the authority that issues some for tests.
 *
 * <p>It must not know what a certificate is used for.
 */
@NullMarked
package no.portvakt.server.certificates;

import org.jspecify.annotations.NullMarked;
