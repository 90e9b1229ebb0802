package no.portvakt.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.cli.Portvakt.CannotDo;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * What a Maskinporten should know of one organisation, as a YAML file says it
 * (docs/maskinporten.md). A section that is not there (null) says nothing.
 *
 * @param prefixes the prefixes that the organisation owns
 * @param scopes the settings of each scope, by its name
 * @param accesses the organisations that may use a scope, by its name
 * @param delegations documents with {@link DelegationCommand#MEMBERS}
 */
record AuthorityFile(
    @Nullable List<String> prefixes,
    @Nullable Map<String, Map<String, @Nullable Object>> scopes,
    @Nullable Map<String, List<String>> accesses,
    @Nullable List<Client> clients,
    @Nullable List<Map<String, @Nullable Object>> delegations,
    @Nullable List<VendorSystem> systems) {

  /**
   * A client.
   *
   * @param id its id; null: it is known by its name
   * @param settings as the admin API has them
   * @param keys public JWKs; null: the file says nothing of them
   */
  record Client(
      String name,
      @Nullable String id,
      Map<String, @Nullable Object> settings,
      @Nullable List<Map<String, @Nullable Object>> keys) {}

  /**
   * A vendor's system.
   *
   * @param clients ids of clients, or names of clients of the file
   * @param users null: the file says nothing of them
   */
  record VendorSystem(
      String id, String vendor, String name, List<String> clients, @Nullable List<User> users) {}

  /** A party's user of a system; its reference is the party's number when it has none. */
  record User(String party, String reference) {}

  /** Reads a file, and the key files that it names, which stand beside it. */
  static AuthorityFile read(Path file) {
    Object document = document(file);
    Map<String, @Nullable Object> root =
        object(
            "the file",
            document == null ? Map.of() : document,
            List.of("prefixes", "scopes", "accesses", "clients", "delegations", "systems"));
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file has a folder");
    return new AuthorityFile(
        root.get("prefixes") == null ? null : texts("prefixes", root.get("prefixes")),
        scopes(root.get("scopes")),
        accesses(root.get("accesses")),
        clients(folder, root.get("clients")),
        delegations(root.get("delegations")),
        systems(root.get("systems")));
  }

  private static @Nullable Object document(Path file) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    try (Reader reader = Files.newBufferedReader(file)) {
      return new Yaml(new SafeConstructor(options)).load(reader);
    } catch (IOException e) {
      throw CannotDo.unreadable(file);
    } catch (MarkedYAMLException e) {
      // Without the problem itself: it may quote a key that should not be here.
      Mark mark = e.getProblemMark();
      String line = mark == null ? "" : " in line " + (mark.getLine() + 1);
      throw new CannotDo("The file " + file + " is not YAML, or has a name twice," + line + ".");
    } catch (YAMLException e) {
      throw new CannotDo("The file " + file + " is not YAML.");
    }
  }

  private static @Nullable Map<String, Map<String, @Nullable Object>> scopes(
      @Nullable Object section) {
    if (section == null) {
      return null;
    }
    List<String> known = new ArrayList<>(Members.OF_SCOPE);
    known.add("name");
    Map<String, Map<String, @Nullable Object>> scopes = new LinkedHashMap<>();
    for (Object item : list("scopes", section)) {
      Map<String, @Nullable Object> scope = object("a scope", item, known);
      String name = text("a scope", scope.remove("name"), "name");
      text("the scope " + name, scope.get("description"), "description");
      if (scopes.put(name, scope) != null) {
        throw twice("scope", name);
      }
    }
    return scopes;
  }

  private static @Nullable Map<String, List<String>> accesses(@Nullable Object section) {
    if (section == null) {
      return null;
    }
    Map<String, List<String>> accesses = new LinkedHashMap<>();
    if (!(section instanceof Map<?, ?> map)) {
      throw new CannotDo("accesses takes names of scopes, each with a list of organisations.");
    }
    map.forEach(
        (scope, list) -> accesses.put(String.valueOf(scope), texts("accesses to " + scope, list)));
    return accesses;
  }

  private static @Nullable List<Client> clients(Path folder, @Nullable Object section) {
    if (section == null) {
      return null;
    }
    List<String> known = new ArrayList<>(Members.OF_CLIENT);
    known.addAll(List.of("client_id", "keys"));
    List<Client> clients = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Object item : list("clients", section)) {
      Map<String, @Nullable Object> settings = object("a client", item, known);
      String name = text("a client", settings.get("client_name"), "client_name");
      String where = "the client " + name;
      text(where, settings.get("description"), "description");
      if (settings.get("client_orgno") != null) {
        settings.put("client_orgno", text(where, settings.get("client_orgno"), "client_orgno"));
      }
      Object id = settings.remove("client_id");
      Object keys = settings.remove("keys");
      if (!names.add(name)) {
        throw twice("client", name);
      }
      clients.add(
          new Client(
              name,
              id == null ? null : text(where, id, "client_id"),
              settings,
              keys == null ? null : keys(folder, where, keys)));
    }
    return clients;
  }

  private static List<Map<String, @Nullable Object>> keys(
      Path folder, String where, Object section) {
    List<Map<String, @Nullable Object>> keys = new ArrayList<>();
    Set<Object> kids = new HashSet<>();
    for (Object item : list("keys of " + where, section)) {
      if (!(item instanceof Map<?, ?>)) {
        throw new CannotDo("A key of " + where + " is a public JWK, or file: and a name.");
      }
      Map<String, @Nullable Object> key = object("a key of " + where, item, null);
      if (key.get("file") != null) {
        Members.requireKnown("a key of " + where, key.keySet(), List.of("file"));
        key =
            PublicKeyFile.read(folder.resolve(text("a key of " + where, key.get("file"), "file")));
      } else {
        key = PublicKeyFile.ofJwk("A key of " + where, key);
      }
      if (!kids.add(String.valueOf(key.get("kid")))) {
        throw twice("kid of " + where, String.valueOf(key.get("kid")));
      }
      keys.add(key);
    }
    return keys;
  }

  private static @Nullable List<Map<String, @Nullable Object>> delegations(
      @Nullable Object section) {
    if (section == null) {
      return null;
    }
    List<Map<String, @Nullable Object>> delegations = new ArrayList<>();
    for (Object item : list("delegations", section)) {
      Map<String, @Nullable Object> delegation =
          object("a delegation", item, DelegationCommand.MEMBERS);
      for (String name : DelegationCommand.MEMBERS) {
        delegation.put(name, text("a delegation", delegation.get(name), name));
      }
      delegations.add(delegation);
    }
    return delegations;
  }

  private static @Nullable List<VendorSystem> systems(@Nullable Object section) {
    if (section == null) {
      return null;
    }
    List<VendorSystem> systems = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    for (Object item : list("systems", section)) {
      Map<String, @Nullable Object> system =
          object(
              "a system", item, List.of("system_id", "vendor_orgno", "name", "clients", "users"));
      String id = text("a system", system.get("system_id"), "system_id");
      String where = "the system " + id;
      if (!ids.add(id)) {
        throw twice("system", id);
      }
      Object clients = system.get("clients");
      systems.add(
          new VendorSystem(
              id,
              text(where, system.get("vendor_orgno"), "vendor_orgno"),
              text(where, system.get("name"), "name"),
              clients == null ? List.of() : texts("clients of " + where, clients),
              users(where, system.get("users"))));
    }
    return systems;
  }

  private static @Nullable List<User> users(String where, @Nullable Object section) {
    if (section == null) {
      return null;
    }
    List<User> users = new ArrayList<>();
    for (Object item : list("users of " + where, section)) {
      Map<String, @Nullable Object> user =
          object("a user of " + where, item, List.of("party_orgno", "external_ref"));
      String party = text("a user of " + where, user.get("party_orgno"), "party_orgno");
      Object reference = user.get("external_ref");
      User read =
          new User(
              party,
              reference == null ? party : text("a user of " + where, reference, "external_ref"));
      if (users.contains(read)) {
        throw twice("user of " + where, read.reference());
      }
      users.add(read);
    }
    return users;
  }

  private static CannotDo twice(String what, String name) {
    return new CannotDo("There are two of the " + what + " " + name + " in the file.");
  }

  /**
   * The members of an object, as JSON has them.
   *
   * @param known the names that it may have; null: any
   */
  private static Map<String, @Nullable Object> object(
      String where, @Nullable Object value, @Nullable List<String> known) {
    if (!(value instanceof Map<?, ?> map)) {
      throw new CannotDo("What should be " + where + " has no names with values.");
    }
    if (known != null) {
      Members.requireKnown(where, map.keySet(), known);
    }
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    map.forEach((name, item) -> members.put(String.valueOf(name), json(where, item)));
    return members;
  }

  private static @Nullable Object json(String where, @Nullable Object value) {
    if (value instanceof Integer number) {
      return number.longValue();
    }
    if (value instanceof Collection<?> items) {
      List<@Nullable Object> list = new ArrayList<>();
      items.forEach(item -> list.add(json(where, item)));
      return list;
    }
    if (value instanceof Map<?, ?>) {
      return object(where, value, null);
    }
    if (value == null
        || value instanceof String
        || value instanceof Long
        || value instanceof Boolean) {
      return value;
    }
    throw new CannotDo("In " + where + " stands a value that needs quotes: a time or a fraction.");
  }

  private static List<?> list(String where, @Nullable Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new CannotDo("There must be a list in " + where + ".");
  }

  private static List<String> texts(String where, @Nullable Object value) {
    return list(where, value).stream().map(item -> text(where, item, "each")).distinct().toList();
  }

  /** A text; YAML reads nine digits as a number, which is one here too. */
  private static String text(String where, @Nullable Object value, String name) {
    if (value instanceof Integer || value instanceof Long) {
      return value.toString();
    }
    if (value instanceof String text && !text.isBlank()) {
      return text;
    }
    throw new CannotDo("In " + where + " " + name + " must be a text that is not blank.");
  }
}
