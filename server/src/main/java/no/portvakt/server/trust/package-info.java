/**
 * Whom we believe: the trusted issuers, their remote key sets and the replay guard.
 *
 * <p>It must not know what a token is exchanged for.
 */
@NullMarked
package no.portvakt.server.trust;

import org.jspecify.annotations.NullMarked;
