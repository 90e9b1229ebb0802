/**
 * The way in and out: routes, requests, answers, problem details and limits.
 *
 * <p>It is the only room that knows the HTTP engine and the only one that catches everything. It
 * must not know what any route means.
 */
@NullMarked
package no.portvakt.server.http;

import org.jspecify.annotations.NullMarked;
