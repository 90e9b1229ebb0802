/**
 * The words of OAuth 2.0 on the wire: bearer tokens, errors, the token answer, types of details.
 *
 * <p>It knows RFC 6749, RFC 6750 and RFC 9396 and no grant, no store and no key.
 */
@NullMarked
package no.portvakt.server.oauth2;

import org.jspecify.annotations.NullMarked;
