/**
 * The {@code portvakt} command: one file for each command, and the demonstration.
 *
 * <p>It decides nothing about tokens; it starts the server, reads its store and talks to it over
 * HTTP.
 */
@NullMarked
package no.portvakt.cli;

import org.jspecify.annotations.NullMarked;
