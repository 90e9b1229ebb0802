package no.portvakt.server;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.certificates.Anchors;
import no.portvakt.server.certificates.Revocation;
import org.jspecify.annotations.Nullable;

/**
 * The files that the settings of the local Maskinporten name: the trusted certificates, revocation
 * lists, and the first client. None of them need be there yet.
 */
public final class NamedFiles {
  private NamedFiles() {}

  /**
   * Reads those that are there.
   *
   * @throws BadSettings when one is not what it should be
   * @throws UncheckedIOException when one can't be read
   */
  public static void check(Settings settings) {
    if (!settings.roles().contains(Settings.Role.MASKINPORTEN)) {
      return;
    }
    Settings.Maskinporten named = settings.maskinporten();
    try {
      if (named.anchors() != null) {
        Anchors.check(named.anchors());
      }
      Revocation.check(named.revocation());
    } catch (IllegalArgumentException e) {
      throw new BadSettings(String.valueOf(e.getMessage()));
    }
    if (named.adminClientFile() != null) {
      @Nullable AdminClient _ = AdminClient.read(named.adminClientFile());
    }
  }

  /** Those with certificates and lists that are not there yet: until then nothing is in them. */
  public static List<Path> missing(Settings settings) {
    if (!settings.roles().contains(Settings.Role.MASKINPORTEN)) {
      return List.of();
    }
    List<Path> named = new ArrayList<>(settings.maskinporten().revocation().files());
    if (settings.maskinporten().anchors() != null) {
      named.add(0, settings.maskinporten().anchors());
    }
    return named.stream().filter(Files::notExists).toList();
  }
}
