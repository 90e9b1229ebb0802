/**
 * Who we are: the signing keys and the tokens that they sign.
 *
 * <p>It must not know why a token is issued.
 */
@NullMarked
package no.portvakt.server.issuer;

import org.jspecify.annotations.NullMarked;
