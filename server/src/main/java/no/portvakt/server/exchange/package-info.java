/**
 * A proof of identity in, a platform token out: one pipeline, one file for each provider.
 *
 * <p>Every way in runs through the same pipeline, so that none can skip a check.
 */
@NullMarked
package no.portvakt.server.exchange;

import org.jspecify.annotations.NullMarked;
