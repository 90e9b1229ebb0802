/**
 * Clients and verifiers that others wrote, against a running platform over HTTP.
 *
 * <p>What they ask for here must not need a word that only our own code knows.
 */
@NullMarked
package no.portvakt.interop;

import org.jspecify.annotations.NullMarked;
