/**
 * The platform's composition root: {@code Server} makes every object on one screen, {@code
 * Settings} says how, {@code SettingsFile} reads them from YAML.
 *
 * <p>The rooms are the packages below; {@code docs/house.txt} says which may know which.
 */
@NullMarked
package no.portvakt.server;

import org.jspecify.annotations.NullMarked;
