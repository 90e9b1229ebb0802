/**
 * Load runs against a server process of its own, and the bare work they are compared with.
 *
 * <p>Everything talks to loopback only, is bounded in time and stops by itself.
 */
@NullMarked
package no.portvakt.bench;

import org.jspecify.annotations.NullMarked;
