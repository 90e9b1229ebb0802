/**
 * Whom we believe: the trusted issuers and their remote key sets; and how often: the replay guard,
 * the lockout.
 *
 * <p>It must not know what a token is exchanged for.
 */
@NullMarked
package no.portvakt.server.trust;

import org.jspecify.annotations.NullMarked;
