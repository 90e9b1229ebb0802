package no.portvakt.tokens;

import java.time.InstantSource;
import java.util.Map;

/**
 * Opens key sources of one type from settings. {@link java.util.ServiceLoader} finds it, so a key
 * vault's libraries are needed only where that vault is used. Has a public constructor without
 * parameters.
 */
public interface KeySourceProvider {
  /** The name of the type in the settings, in lower case with hyphens: {@code azure-key-vault}. */
  String type();

  /**
   * Opens a source; it need not ask anybody before its first {@link KeySource#load}.
   *
   * @param settings the source's settings by name, without the type
   * @param clock tells the time of the look at the source
   * @throws IllegalArgumentException when a setting is unknown, missing or of the wrong form; the
   *     message names the setting, and never says the value of a secret one
   */
  KeySource open(Map<String, String> settings, InstantSource clock);
}
