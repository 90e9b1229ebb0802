/**
 * The vocabulary that every part of Portvakt shares: claim names, organisation and person numbers,
 * scopes, strict JSON, and the verification of signed tokens.
 *
 * <p>It knows no HTTP, no store and no settings file; time comes in as an {@link
 * java.time.InstantSource}.
 */
@NullMarked
package no.portvakt.tokens;

import org.jspecify.annotations.NullMarked;
