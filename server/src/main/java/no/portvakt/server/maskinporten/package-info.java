/**
 * The local Maskinporten: token endpoint, scopes, accesses and clients.
 *
 * <p>It must not know the platform's exchange; the two meet only over the wire.
 */
@NullMarked
package no.portvakt.server.maskinporten;

import org.jspecify.annotations.NullMarked;
