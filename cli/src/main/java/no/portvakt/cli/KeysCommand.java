package no.portvakt.cli;

import java.io.PrintWriter;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import no.portvakt.server.PlatformKeys;
import no.portvakt.server.Settings;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyRotation;
import no.portvakt.server.issuer.KeyRotation.Listed;
import no.portvakt.server.issuer.KeyRotation.Mode;
import no.portvakt.server.issuer.KeySchedule.UnsafeStep;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt keys}: shows and changes the signing keys; nodes that run take it over. */
@Command(
    name = "keys",
    description = "Show and change the platform's signing keys.",
    mixinStandardHelpOptions = true,
    subcommands = {
      KeysCommand.ListCommand.class,
      KeysCommand.StatusCommand.class,
      KeysCommand.RotateCommand.class,
      KeysCommand.RetireCommand.class,
      KeyImportCommand.class
    })
final class KeysCommand {
  /** What all of them share: a store, and the outcome of a change. */
  abstract static class OnKeys implements Callable<Integer> {
    @Mixin StoreOptions store = new StoreOptions();

    @Spec CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      Logging.start(Logging.Format.TEXT);
      PrintWriter out = spec.commandLine().getOut();
      Settings settings = store.settings();
      try (Database database = StoreOptions.open(settings);
          PlatformKeys keys = StoreOptions.keys(settings, database, InstantSource.system())) {
        return run(settings, keys, out);
      } catch (UnsafeStep e) {
        out.println("Refused: " + e.getMessage());
        return 1;
      } finally {
        out.flush();
      }
    }

    abstract int run(Settings settings, PlatformKeys keys, PrintWriter out);
  }

  /** What every command that changes a role's keys takes. */
  abstract static class OnOneRole extends OnKeys {
    @Option(
        names = "--role",
        description = "authentication or maskinporten. Default: ${DEFAULT-VALUE}.",
        defaultValue = "authentication")
    Settings.Role role = Settings.Role.AUTHENTICATION;

    @Option(names = "--plan", description = "Say what would be done, and do nothing.")
    boolean plan;

    /** Says what was done, or what would be. */
    int report(PrintWriter out, List<String> steps) {
      out.println(plan ? "This would be done:" : "Done:");
      steps.forEach(step -> out.println("  " + step));
      return 0;
    }
  }

  /** {@code portvakt keys list}. */
  @Command(name = "list", description = "List the keys.", mixinStandardHelpOptions = true)
  static final class ListCommand extends OnKeys {
    @Option(names = "--json", description = "One JSON object a line.")
    boolean json;

    @Override
    int run(Settings settings, PlatformKeys keys, PrintWriter out) {
      for (Settings.Role role : Settings.Role.values()) {
        for (Listed key : keys.rotation(role).list()) {
          Map<String, @Nullable Object> members = members(role, key);
          if (json) {
            out.println(Json.write(members));
          } else {
            out.println(text(members));
          }
        }
      }
      return 0;
    }

    private static Map<String, @Nullable Object> members(Settings.Role role, Listed key) {
      Map<String, @Nullable Object> members = new LinkedHashMap<>();
      members.put("role", word(role));
      members.put("kid", key.key().kid());
      members.put("alg", key.key().algorithm());
      members.put("state", key.state());
      members.put("source", key.key().source());
      members.put("published", time(key.key().published()));
      members.put("signs_from", time(key.key().signsFrom()));
      members.put("signs_until", time(key.key().signsUntil()));
      members.put("removed", time(key.key().removed()));
      members.put("certificate_expires", key.certificateExpires().toString());
      return members;
    }

    private static String text(Map<String, @Nullable Object> key) {
      List<String> parts = new ArrayList<>();
      for (String name : Arrays.asList("published", "signs_from", "signs_until", "removed")) {
        if (key.get(name) != null) {
          parts.add(name.replace('_', ' ') + " " + key.get(name));
        }
      }
      return "%-14s %s  %-7s %-8s %s"
          .formatted(
              key.get("role"),
              key.get("kid"),
              key.get("alg"),
              key.get("state"),
              String.join(", ", parts));
    }
  }

  /** {@code portvakt keys status}. */
  @Command(
      name = "status",
      description = "Say what happens next to the keys; exit code 1 when something is wrong.",
      mixinStandardHelpOptions = true)
  static final class StatusCommand extends OnKeys {
    @Override
    int run(Settings settings, PlatformKeys keys, PrintWriter out) {
      List<String> problems = new ArrayList<>();
      for (Settings.Role role : Settings.Role.values()) {
        if (settings.roles().contains(role)) {
          status(role, keys.rotation(role), out, problems);
          String problem = keys.problem(role);
          if (problem != null) {
            problems.add(word(role) + ": " + problem);
          }
        }
      }
      problems.forEach(problem -> out.println("Problem: " + problem));
      return problems.isEmpty() ? 0 : 1;
    }

    private static void status(
        Settings.Role role, KeyRotation rotation, PrintWriter out, List<String> problems) {
      List<Listed> keys = rotation.list();
      for (String algorithm : rotation.role().algorithms()) {
        String name = word(role) + " " + algorithm;
        Listed current = one(keys, algorithm, "current");
        Listed next = one(keys, algorithm, "next");
        if (current == null) {
          problems.add(name + ": no key signs.");
        } else {
          String until =
              current.rotates() == null
                  ? ", until the source has a newer key"
                  : " and until " + current.rotates();
          out.println(
              name
                  + ": "
                  + current.key().kid()
                  + " signs since "
                  + time(current.key().signsFrom())
                  + until
                  + ".");
        }
        if (next != null) {
          out.println(
              name + ": " + next.key().kid() + " is next, and may sign from " + next.ready() + ".");
        } else if (rotation.role().standby()) {
          problems.add(name + ": no next key is published.");
        }
      }
      for (Listed key : rotation.certificateEnding()) {
        problems.add(
            word(role)
                + " "
                + key.key().algorithm()
                + ": the certificate of "
                + key.key().kid()
                + " ends at "
                + key.certificateExpires()
                + "; the key signs on.");
      }
    }

    private static @Nullable Listed one(List<Listed> keys, String algorithm, String state) {
      Function<Listed, Boolean> fits =
          key -> key.key().algorithm().equals(algorithm) && key.state().equals(state);
      return keys.stream().filter(fits::apply).findFirst().orElse(null);
    }
  }

  /** {@code portvakt keys rotate}. */
  @Command(
      name = "rotate",
      description = {
        "Let the next key sign in place of the current one. When no next key is published yet, one",
        "is, and the rotation is refused until every verifier can have seen it."
      },
      mixinStandardHelpOptions = true)
  static final class RotateCommand extends OnOneRole {
    @Option(names = "--alg", description = "The algorithm whose key to rotate. Default: the first.")
    @Nullable String algorithm;

    @Option(names = "--schedule", description = "Rotate as soon as it is safe, not now.")
    boolean schedule;

    @Option(
        names = "--emergency",
        description = "Rotate now and revoke the current key, and say what breaks.")
    boolean emergency;

    @Override
    int run(Settings settings, PlatformKeys keys, PrintWriter out) {
      if (schedule && emergency) {
        throw new Portvakt.CannotDo("--schedule and --emergency exclude each other.");
      }
      KeyRotation rotation = keys.rotation(role);
      String which = algorithm == null ? rotation.role().algorithms().get(0) : algorithm;
      Mode mode = emergency ? Mode.EMERGENCY : schedule ? Mode.SCHEDULED : Mode.SAFE;
      return report(out, rotation.rotate(which, mode, plan));
    }
  }

  /** {@code portvakt keys retire KID}. */
  @Command(
      name = "retire",
      description = "Take a key out of publication that no longer signs.",
      mixinStandardHelpOptions = true)
  static final class RetireCommand extends OnOneRole {
    @Parameters(paramLabel = "KID", description = "The key's id.")
    String kid = "";

    @Option(
        names = "--emergency",
        description = "Do it though tokens that it signed may still live, and say what breaks.")
    boolean emergency;

    @Override
    int run(Settings settings, PlatformKeys keys, PrintWriter out) {
      return report(out, keys.rotation(role).retire(kid, emergency, plan));
    }
  }

  private static String word(Settings.Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  private static @Nullable String time(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochMilli(millis).toString();
  }
}
