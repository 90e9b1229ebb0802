/**
 * What others read to find and check us: metadata documents and key sets.
 *
 * <p>Documents are made from the running configuration, never written by hand.
 */
@NullMarked
package no.portvakt.server.discovery;

import org.jspecify.annotations.NullMarked;
