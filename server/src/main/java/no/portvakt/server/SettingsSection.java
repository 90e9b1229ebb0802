package no.portvakt.server;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import no.portvakt.server.SettingsFile.BadSettings;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.DuplicateKeyException;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.scanner.ScannerException;

/**
 * One section of a settings document: typed look-ups that refuse what does not fit. An environment
 * variable goes over the document: {@code PORTVAKT_LISTEN_PORT} over {@code listen.port}.
 */
final class SettingsSection {
  private static final String PREFIX = "PORTVAKT_";

  /** Variables that the launcher and the tools read; they are no settings. */
  private static final Set<String> NO_SETTINGS =
      Set.of(
          "PORTVAKT_JAVA_OPTS", "PORTVAKT_NO_AOT", "PORTVAKT_NO_BUILD", "PORTVAKT_SERVER_COMMAND");

  private final String where;
  private final Map<?, ?> members;
  private final Environment environment;

  /** The variables, and which of them a setting was looked for in. */
  private record Environment(Map<String, String> variables, Set<String> known) {}

  private SettingsSection(String where, Map<?, ?> members, Environment environment) {
    this.where = where;
    this.members = members;
    this.environment = environment;
  }

  /**
   * The root of a settings file.
   *
   * @param file YAML; null: there are only the variables
   */
  static SettingsSection read(@Nullable Path file, Map<String, String> variables) {
    Map<String, String> ours = new HashMap<>(variables);
    ours.keySet().removeIf(name -> !isSetting(name));
    Environment environment = new Environment(ours, new TreeSet<>());
    Object document = file == null ? null : document(file);
    if (document != null && !(document instanceof Map<?, ?>)) {
      throw new BadSettings("The settings " + file + " are not keys with values.");
    }
    return new SettingsSection("", document instanceof Map<?, ?> map ? map : Map.of(), environment);
  }

  /** Whether a variable of this name is meant for the settings. */
  static boolean isSetting(String variable) {
    return variable.startsWith(PREFIX) && !NO_SETTINGS.contains(variable);
  }

  private static @Nullable Object document(Path file) {
    try (Reader reader = Files.newBufferedReader(file)) {
      return yaml().load(reader);
    } catch (IOException e) {
      throw new UncheckedIOException("The settings " + file + " can't be read.", e);
    } catch (MarkedYAMLException e) {
      Mark mark = e.getProblemMark();
      String line = mark == null ? "" : " in line " + (mark.getLine() + 1);
      // Other problems quote what stands there, which may be a secret that nobody put in quotes.
      boolean harmless = e instanceof ScannerException || e instanceof DuplicateKeyException;
      throw new BadSettings(
          "The settings "
              + file
              + " are not YAML"
              + (harmless ? ": " + e.getProblem() : "")
              + line
              + ".");
    } catch (YAMLException e) {
      throw new BadSettings("The settings " + file + " are not YAML.");
    }
  }

  private static Yaml yaml() {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    return new Yaml(new SafeConstructor(options));
  }

  /** Refuses variables of ours that no setting was looked for in; call it last, on the root. */
  void refuseUnknownVariables() {
    for (String name : new TreeSet<>(environment.variables.keySet())) {
      if (!environment.known.contains(name)) {
        throw new BadSettings(
            "There is no setting for the variable "
                + name
                + "; did you mean "
                + nearest(name, environment.known)
                + "?");
      }
    }
  }

  /** Says which names there are; any other is refused with the nearest. */
  SettingsSection known(String... names) {
    for (Object key : members.keySet()) {
      String name = String.valueOf(key);
      if (!Arrays.asList(names).contains(name)) {
        String nearest = nearest(name, Arrays.asList(names));
        throw new BadSettings(
            "There is no setting " + where + name + "; did you mean " + where + nearest + "?");
      }
    }
    return this;
  }

  boolean has(String name) {
    return value(name) != null;
  }

  /** Whether anything below a name is set. */
  boolean hasSection(String name) {
    String variable = variable(where + name) + "_";
    return members.get(name) != null
        || environment.variables.keySet().stream().anyMatch(it -> it.startsWith(variable));
  }

  private @Nullable Object value(String name) {
    if (where.contains("[")) {
      return members.get(name); // an entry of a list has no variables of its own
    }
    String variable = variable(where + name);
    environment.known.add(variable);
    String text = environment.variables.get(variable);
    return text == null ? members.get(name) : new Variable(text);
  }

  /** A value that came as text, whatever it means. */
  private record Variable(String text) {
    @Override
    public String toString() {
      return "Variable[]"; // it may be a secret
    }
  }

  private static String variable(String path) {
    return PREFIX + path.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  SettingsSection section(String name) {
    Object value = members.get(name);
    if (value != null && !(value instanceof Map<?, ?>)) {
      throw bad(name, "takes further keys below it");
    }
    return new SettingsSection(
        where + name + ".", value instanceof Map<?, ?> map ? map : Map.of(), environment);
  }

  @Nullable String text(String name, @Nullable String otherwise) {
    Object value = value(name);
    if (value == null) {
      return otherwise;
    }
    Object plain = value instanceof Variable variable ? variable.text : value;
    if (!(plain instanceof String text) || text.isBlank()) {
      throw bad(name, "takes a text");
    }
    return text;
  }

  String word(String name, String otherwise, Set<String> words) {
    String value = String.valueOf(text(name, otherwise));
    if (!words.contains(value)) {
      throw bad(name, "takes one of " + words.stream().sorted().toList());
    }
    return value;
  }

  int number(String name, int otherwise, int least, int most) {
    Object value = value(name);
    if (value == null) {
      return otherwise;
    }
    if (!(meant(value) instanceof Integer number) || number < least || number > most) {
      throw bad(name, "takes a whole number from " + least + " to " + most);
    }
    return number;
  }

  /** Whole seconds, or a number with s, m, h or d. */
  Duration duration(String name, Duration otherwise, Duration least, Duration most) {
    Object value = meant(value(name));
    if (value == null) {
      return otherwise;
    }
    Duration duration = value instanceof Integer seconds ? Duration.ofSeconds(seconds) : null;
    if (value instanceof String text && text.matches("[0-9]{1,6}[smhd]")) {
      int count = Integer.parseInt(text.substring(0, text.length() - 1));
      duration =
          switch (text.charAt(text.length() - 1)) {
            case 's' -> Duration.ofSeconds(count);
            case 'm' -> Duration.ofMinutes(count);
            case 'h' -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
          };
    }
    if (duration == null || duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
      throw bad(
          name,
          "takes seconds, or a time such as 90s, 30m, 12h, 7d, from "
              + least.toSeconds()
              + " to "
              + most.toSeconds()
              + " seconds");
    }
    return duration;
  }

  /** A path, or null. */
  @Nullable Path path(String name) {
    String text = text(name, null);
    return text == null ? null : path(name, text);
  }

  /** The paths in a list. */
  List<Path> paths(String name) {
    return texts(name).stream().map(text -> path(name, text)).toList();
  }

  private Path path(String name, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw bad(name, "takes the path of a file");
    }
  }

  /** The entries of a list of sections. */
  List<SettingsSection> sections(String name) {
    List<SettingsSection> sections = new ArrayList<>();
    for (Object item : list(name)) {
      sections.add(
          new SettingsSection(
              where + name + "[" + sections.size() + "].",
              item instanceof Map<?, ?> map ? map : Map.of(),
              environment));
    }
    return sections;
  }

  /** The name of this section, as sentences call it. */
  String name() {
    return where.isEmpty() ? "the settings" : where.substring(0, where.length() - 1);
  }

  // A variable's text as YAML would read it.
  private static @Nullable Object meant(@Nullable Object value) {
    if (!(value instanceof Variable variable)) {
      return value;
    }
    // A blank one, and what is no YAML, stay what they are: that fits nothing, and is refused.
    try {
      Object meant = yaml().load(variable.text);
      return meant == null ? variable : meant;
    } catch (YAMLException e) {
      return variable;
    }
  }

  boolean flag(String name, boolean otherwise) {
    Object value = meant(value(name));
    if (value != null && !(value instanceof Boolean)) {
      throw bad(name, "takes true or false");
    }
    return value instanceof Boolean flag ? flag : otherwise;
  }

  List<?> list(String name) {
    Object value = value(name);
    if (value instanceof Variable variable) {
      value =
          variable.text.strip().startsWith("[")
              ? meant(value)
              : Arrays.stream(variable.text.split(",", -1)).map(String::strip).toList();
    }
    if (value != null && !(value instanceof List<?>)) {
      throw bad(name, "takes a list");
    }
    return value instanceof List<?> list ? list : List.of();
  }

  List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    for (Object item : list(name)) {
      if (!(item instanceof String text) || text.isBlank()) {
        throw bad(name, "takes a list of texts");
      }
      texts.add(text);
    }
    return texts;
  }

  /** Names with a text each; a number, as YAML reads nine digits, is a text too. */
  Map<String, String> pairs(String name) {
    Object value = meant(value(name));
    Map<String, String> pairs = new LinkedHashMap<>();
    if (value == null) {
      return pairs;
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw bad(name, "takes names with a value each");
    }
    map.forEach((key, text) -> pairs.put(String.valueOf(key), String.valueOf(text)));
    return pairs;
  }

  @Nullable URI address(String name, @Nullable String text) {
    try {
      URI uri = text == null ? null : URI.create(text);
      if (uri == null
          || (uri.getHost() != null && List.of("http", "https").contains(uri.getScheme()))) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw bad(name, "takes an http or https URL");
    }
    throw bad(name, "takes an http or https URL");
  }

  BadSettings bad(String name, String takes) {
    return new BadSettings("The setting " + where + name + " " + takes + ".");
  }

  private static String nearest(String name, Collection<String> names) {
    String nearest = names.iterator().next();
    for (String candidate : names) {
      if (distance(name, candidate) < distance(name, nearest)) {
        nearest = candidate;
      }
    }
    return nearest;
  }

  /** The edit distance (Levenshtein) of two short names. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
