/**
 * A client of Maskinporten: one call gives a valid token, from a cache that renews itself, and if
 * wanted the platform token for it.
 *
 * <p>Begin with {@link no.portvakt.maskinporten.MaskinportenClient}.
 */
@NullMarked
package no.portvakt.maskinporten;

import org.jspecify.annotations.NullMarked;
