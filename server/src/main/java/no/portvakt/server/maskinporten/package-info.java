/**
 * The local Maskinporten's token endpoint: who asks, what the client may have, the answer.
 *
 * <p>It must not know the platform's exchange; the two meet only over the wire.
 */
@NullMarked
package no.portvakt.server.maskinporten;

import org.jspecify.annotations.NullMarked;
