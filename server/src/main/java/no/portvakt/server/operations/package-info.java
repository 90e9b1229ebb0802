/** Health and metrics, for those who run the platform. */
@NullMarked
package no.portvakt.server.operations;

import org.jspecify.annotations.NullMarked;
