package no.portvakt.server;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Holds the code to docs/house.txt: the server's rooms, the arrows between them, the limits. */
class HouseTest {
  private static final String SERVER = "no.portvakt.server";

  /** A room, and a class of an engine that belongs to another room. */
  private static final Pattern TRESPASS =
      Pattern.compile(
          "(?!http ).* io\\.helidon\\..+"
              + "|(?!store |database ).* javax?\\.sql\\..+"
              + "|(?!database ).* (com\\.zaxxer|org\\.(flywaydb|sqlite|postgresql))\\..+");

  /** A class in a descriptor or a generic signature: L, the name, then what closes it. */
  private static final Pattern TYPE = Pattern.compile("L([^\\s;<>:().\\[]+/[^\\s;<>:().\\[]+)[;<]");

  private static final Pattern COMMENT = Pattern.compile("(?s)/\\*.*?\\*/|//[^\n]*");
  private static final Pattern NO_CODE =
      Pattern.compile("(?s)\"\"\".*?\"\"\"|\"([^\"\\\\\n]|\\\\.)*+\"|'\\\\?.'|" + COMMENT);
  private static final Pattern NULL_MARKED = Pattern.compile("@([\\w.]+\\.)?NullMarked\\b");
  private static final Pattern EMPTY_PACKAGE =
      Pattern.compile("src/\\w+/java/(.+/)?(util|common|helper|model|impl)/");
  private static final Pattern EMPTY_CLASS =
      Pattern.compile("\\b(class|interface|record|enum)\\s+\\w*(Impl|Manager|Helper|Utils?)\\b");

  private final Path repository;
  private final House house;

  HouseTest() throws IOException {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("docs/house.txt"))) {
      folder = Objects.requireNonNull(folder.getParent(), "no docs/house.txt above");
    }
    repository = folder;
    house = House.parse(Files.readString(folder.resolve("docs/house.txt")));
  }

  @Test
  void arrowsOnlyGoDown() throws IOException {
    assertThat(forbiddenArrows(serverArrows(), house)).isEmpty();
  }

  @Test
  void noRoomIsOnACycle() throws IOException {
    assertThat(cycles(serverArrows())).isEmpty();
  }

  @Test
  void everyPackageIsARoom() throws IOException {
    assertThat(packagesWithoutRoom(serverArrows().keySet(), house)).isEmpty();
  }

  @Test
  void noRoomIsTooFull() throws IOException {
    assertThat(fullRooms(filesByRoom(sources().keySet()), house)).isEmpty();
  }

  @Test
  void noFileIsTooLong() throws IOException {
    assertThat(longFiles(sources(), house)).isEmpty();
  }

  @Test
  void everyPackageSaysWhatItOwnsAndIsNullMarked() throws IOException {
    assertThat(faultyPackages(sources(), house)).isEmpty();
  }

  @Test
  void everyEngineStaysBehindItsRoom() throws IOException {
    assertThat(enginesInOtherRooms(serverArrows())).isEmpty();
  }

  @Test
  void namesSayWhatAThingIs() throws IOException {
    assertThat(emptyNames(sources())).isEmpty();
  }

  /** The rooms that each room may import, and the limits by name. */
  record House(Map<String, Set<String>> rooms, Map<String, Integer> limits) {
    private static final Pattern ROOM = Pattern.compile("(\\(root\\)|[a-z0-9]+): *(\\S.*)");
    private static final Pattern LIMIT = Pattern.compile("limit +(\\S+) +(\\d+)");

    /** Reads docs/house.txt from the lowest floor up; an arrow to a floor not below is refused. */
    static House parse(String house) {
      Map<String, Set<String>> rooms = new TreeMap<>();
      Map<String, Integer> limits = new TreeMap<>();
      Set<String> below = Set.of();
      for (String line : house.lines().toList().reversed()) {
        String text = line.replaceFirst("#.*", "").strip();
        var room = ROOM.matcher(text);
        var limit = LIMIT.matcher(text);
        if (room.matches()) {
          Set<String> allowed =
              switch (room.group(2)) {
                case "*" -> below;
                case "-" -> Set.of();
                default -> Set.of(room.group(2).split(" *, *", 0));
              };
          if (!below.containsAll(allowed) || rooms.put(room.group(1), allowed) != null) {
            throw new IllegalArgumentException("not down to rooms, or a second line: " + line);
          }
        } else if (limit.matches()) {
          limits.put(limit.group(1), Integer.valueOf(limit.group(2)));
        } else if (!text.isEmpty()) {
          throw new IllegalArgumentException("neither a room nor a limit: " + line);
        } else if (line.isBlank()) {
          below = Set.copyOf(rooms.keySet());
        }
      }
      return new House(rooms, limits);
    }

    boolean allows(Edge edge) {
      return !edge.leavesRoom()
          || rooms.getOrDefault(edge.fromRoom(), Set.of()).contains(edge.toRoom());
    }

    int limit(String name) {
      return limits.getOrDefault(name, 0);
    }
  }

  /** One class that refers to another. */
  record Edge(String from, String to) {
    String fromRoom() {
      return roomOf(from);
    }

    String toRoom() {
      return roomOf(to);
    }

    boolean leavesRoom() {
      return !toRoom().isEmpty() && !toRoom().equals(fromRoom());
    }

    @Override
    public String toString() {
      return from + " → " + to;
    }
  }

  /** The room of a class; "" for a class outside the server. */
  private static String roomOf(String className) {
    String name = className.substring(0, Math.max(0, className.lastIndexOf('.')));
    return name.equals(SERVER)
        ? "(root)"
        : name.startsWith(SERVER + ".") ? name.substring(SERVER.length() + 1) : "";
  }

  /** Takes, like all checks of arrows, the edges that leave each room. */
  static List<String> forbiddenArrows(Map<String, Set<Edge>> arrows, House house) {
    return sorted(all(arrows).filter(edge -> !house.allows(edge)));
  }

  /** Peels off arrows that nothing follows or leads to: left are cycles and what joins them. */
  static List<String> cycles(Map<String, Set<Edge>> arrows) {
    Set<Edge> left = new HashSet<>(all(arrows).filter(Edge::leavesRoom).toList());
    int before;
    do {
      before = left.size();
      Set<String> starts = left.stream().map(Edge::fromRoom).collect(toSet());
      Set<String> ends = left.stream().map(Edge::toRoom).collect(toSet());
      left.removeIf(e -> !starts.contains(e.toRoom()) || !ends.contains(e.fromRoom()));
    } while (left.size() < before);
    return sorted(left.stream());
  }

  static List<String> packagesWithoutRoom(Set<String> packages, House house) {
    return sorted(packages.stream().filter(name -> !house.rooms().containsKey(name)));
  }

  static List<String> fullRooms(Map<String, Set<String>> files, House house) {
    return sorted(
        files.entrySet().stream()
            .filter(room -> room.getValue().size() > house.limit("room-files"))
            .map(room -> room.getKey() + " has " + room.getValue().size() + " files"));
  }

  /** Takes, like all checks of sources, the text of each file by its path in the repository. */
  static List<String> longFiles(Map<String, String> sources, House house) {
    return sorted(
        sources.entrySet().stream()
            .filter(file -> file.getValue().lines().count() > house.limit("file-lines"))
            .map(file -> file.getKey() + " has " + file.getValue().lines().count() + " lines"));
  }

  static List<String> faultyPackages(Map<String, String> sources, House house) {
    Set<String> faults = new HashSet<>();
    for (String path : sources.keySet()) {
      String folder = path.substring(0, path.lastIndexOf('/'));
      String info = sources.getOrDefault(folder + "/package-info.java", "");
      if (path.contains("/src/main/java/") && !path.endsWith("/module-info.java")) {
        if (!NULL_MARKED.matcher(COMMENT.matcher(info).replaceAll("")).find()) {
          faults.add(folder + " has no @NullMarked package-info");
        }
        if (commentLines(info) > house.limit("package-info-lines")) {
          faults.add(folder + " has a package-info of " + commentLines(info) + " lines");
        }
      }
    }
    return sorted(faults.stream());
  }

  /** Counts lines of comments; the line that only opens or closes a comment is none. */
  private static long commentLines(String text) {
    return COMMENT
        .matcher(text)
        .results()
        .flatMap(comment -> comment.group().replaceAll("^/\\*+|\\*+/$", "").strip().lines())
        .count();
  }

  static List<String> enginesInOtherRooms(Map<String, Set<Edge>> arrows) {
    return sorted(all(arrows).filter(e -> TRESPASS.matcher(e.fromRoom() + " " + e.to()).matches()));
  }

  static List<String> emptyNames(Map<String, String> sources) {
    Set<String> found = new HashSet<>();
    sources.forEach((path, text) -> {
      String code = NO_CODE.matcher(text).replaceAll("''");
      Stream.of(EMPTY_PACKAGE.matcher(path), EMPTY_CLASS.matcher(code))
          .flatMap(matcher -> matcher.results())
          .forEach(name -> found.add(path + ": " + name.group()));
    });
    return sorted(found.stream());
  }

  /** Finds every class a class file refers to: its class entries, and the types in its strings. */
  static Set<Edge> references(byte[] classFile) {
    var model = ClassFile.of().parse(classFile);
    Set<String> names = new HashSet<>();
    for (var entry : model.constantPool()) {
      if (entry instanceof ClassEntry type && !type.asInternalName().startsWith("[")) {
        names.add(type.asInternalName());
      } else if (entry instanceof Utf8Entry text) {
        TYPE.matcher(text.stringValue()).results().forEach(type -> names.add(type.group(1)));
      }
    }
    String from = model.thisClass().asInternalName().replace('/', '.');
    return names.stream().map(to -> new Edge(from, to.replace('/', '.'))).collect(toSet());
  }

  private static List<String> sorted(Stream<?> findings) {
    return findings.map(Object::toString).sorted().toList();
  }

  private static Stream<Edge> all(Map<String, Set<Edge>> arrows) {
    return arrows.values().stream().flatMap(Set::stream);
  }

  private static Map<String, Set<String>> filesByRoom(Set<String> paths) {
    return paths.stream()
        .filter(path -> path.startsWith("server/src/main/java/") && !path.endsWith("-info.java"))
        .map(path -> path.replaceAll("^server/src/main/java/|\\.java$", "").replace('/', '.'))
        .collect(groupingBy(HouseTest::roomOf, toSet()));
  }

  private Map<String, Set<Edge>> serverArrows() throws IOException {
    Set<Edge> edges = new HashSet<>();
    for (Path file : files(repository.resolve("server/target/classes"), 99, ".class")) {
      edges.addAll(references(Files.readAllBytes(file)));
    }
    assertThat(edges).as("references in server/target/classes").isNotEmpty();
    return edges.stream().collect(groupingBy(Edge::fromRoom, toSet()));
  }

  /** The .java files in src of every module; the modules are folders of the repository. */
  private Map<String, String> sources() throws IOException {
    Map<String, String> sources = new TreeMap<>();
    for (Path src : files(repository, 2, "src")) {
      for (Path file : files(src, 99, ".java")) {
        String path = repository.relativize(file).toString().replace('\\', '/');
        sources.put(path, Files.readString(file));
      }
    }
    return sources;
  }

  private static List<Path> files(Path folder, int depth, String ending) throws IOException {
    try (Stream<Path> files = Files.walk(folder, depth)) {
      return files.filter(file -> file.toString().endsWith(ending)).toList();
    }
  }

  @Nested
  class TheChecksThemselves {
    private final House plan =
        House.parse(
            "(root): * # all\n\ndesk: safe\nyard: hall\n\nsafe: -\nhall: -\n"
                + "limit room-files 2\nlimit file-lines 3\nlimit package-info-lines 1");

    @Test
    void refuseAPlanWhoseArrowsDoNotGoDown() {
      for (String bad :
          List.of("a: -\n\nb: a", "a: b\nb: -", "a: c", "a: -\na: -", "a may import b")) {
        assertThatIllegalArgumentException().as(bad).isThrownBy(() -> House.parse(bad));
      }
    }

    @Test
    void findForbiddenArrowsAndEnginesInOtherRooms() {
      assertThat(forbiddenArrows(arrows("Server>safe.A desk.A>safe.A desk.A>/B"), plan)).isEmpty();
      assertThat(forbiddenArrows(arrows("safe.A>Server yard.A>safe.A"), plan))
          .containsExactly(
              "no.portvakt.server.safe.A → no.portvakt.server.Server",
              "no.portvakt.server.yard.A → no.portvakt.server.safe.A");
      assertThat(enginesInOtherRooms(arrows("http.A>/io.helidon.B store.A>/java.sql.B"))).isEmpty();
      assertThat(enginesInOtherRooms(arrows("database.A>/java.sql.B database.A>/org.sqlite.B")))
          .isEmpty();
      assertThat(enginesInOtherRooms(arrows("A>/io.helidon.B http.A>/java.sql.B"))).hasSize(2);
      assertThat(enginesInOtherRooms(arrows("store.A>/org.postgresql.B A>/com.zaxxer.B")))
          .hasSize(2);
    }

    @Test
    void findCycles() {
      assertThat(cycles(arrows("a.A>b.B a.A>c.C b.B>c.C c.C>c.D c.D>/E"))).isEmpty();
      assertThat(cycles(arrows("z.A>b.A b.A>c.B c.X>d.C d.D>b.Z c.X>e.E")))
          .containsExactly(
              "no.portvakt.server.b.A → no.portvakt.server.c.B",
              "no.portvakt.server.c.X → no.portvakt.server.d.C",
              "no.portvakt.server.d.D → no.portvakt.server.b.Z");
    }

    @Test
    void findFullRoomsAndPackagesWithoutRoom() {
      String desk = "server/src/main/java/no/portvakt/server/desk/";
      var files = Set.of(desk + "A.java", desk + "B.java", desk + "package-info.java");
      assertThat(fullRooms(filesByRoom(files), plan)).isEmpty();
      assertThat(fullRooms(Map.of("desk", Set.of("A", "B", "C")), plan)).hasSize(1);
      assertThat(packagesWithoutRoom(Set.of("(root)", "desk", "desk.x", "attic"), plan))
          .containsExactly("attic", "desk.x");
    }

    @Test
    void findFaultyFiles() {
      var files =
          Map.of(
              "m/src/main/java/a/B.java", "1\n2\n3\n4 // class AImpl",
              "m/src/main/java/b/package-info.java", "// @NullMarked",
              "m/src/main/java/c/package-info.java", "/* 1\n2 */@NullMarked",
              "m/src/main/java/d/package-info.java", "/**\n1\n*/@NullMarked",
              "m/src/test/java/util/E.java", "record KeyManager() {}");
      assertThat(longFiles(files, plan)).containsExactly("m/src/main/java/a/B.java has 4 lines");
      assertThat(faultyPackages(files, plan))
          .containsExactly(
              "m/src/main/java/a has no @NullMarked package-info",
              "m/src/main/java/b has no @NullMarked package-info",
              "m/src/main/java/c has a package-info of 2 lines");
      assertThat(emptyNames(files))
          .containsExactly(
              "m/src/test/java/util/E.java: record KeyManager",
              "m/src/test/java/util/E.java: src/test/java/util/");
    }

    @Test
    void seeClassesInDescriptorsSignaturesAndAnnotations() throws IOException {
      try (var in = HouseTest.class.getResourceAsStream("HouseTest$Sample.class")) {
        assertThat(references(Objects.requireNonNull(in).readAllBytes()))
            .extracting(Edge::to)
            .contains("java.net.URI", "java.time.Instant", "java.lang.FunctionalInterface");
      }
    }

    /** Reads "room.A>room.B"; a slash marks a class outside the server. */
    private Map<String, Set<Edge>> arrows(String arrows) {
      return Stream.of(arrows.split(" ", 0))
          .map(arrow -> (SERVER + "." + arrow).replace(">", ">" + SERVER + "."))
          .map(arrow -> arrow.replace(SERVER + "./", "").split(">", 2))
          .map(ends -> new Edge(ends[0], ends[1]))
          .collect(groupingBy(Edge::fromRoom, toSet()));
    }
  }

  /** Refers to one class in its descriptor, to one in its signature, to one as an annotation. */
  @FunctionalInterface
  interface Sample {
    List<Instant> find(URI address);
  }
}
