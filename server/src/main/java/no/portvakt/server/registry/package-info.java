/** Organisations and their short codes: import, look-up and cache. */
@NullMarked
package no.portvakt.server.registry;

import org.jspecify.annotations.NullMarked;
