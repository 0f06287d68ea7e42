package dev.rondo;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.lang.module.ModuleDescriptor;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/// Who may import what, in module `dev.rondo`.
class ArchitectureTest {
    private static final JavaClasses MAIN =
            new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.rondo");

    private static final String BINDINGS = "dev.rondo.bindings..";
    private static final String FFM = "dev.rondo.kernels.ffm..";
    private static final String REFERENCE = "dev.rondo.kernels.reference..";

    /// The methods that break the JVM's safety when misused, by owner: those the JDK marks as restricted.
    private static final Map<String, Set<String>> RESTRICTED = Map.of(
            "java.lang.System", Set.of("load", "loadLibrary"),
            "java.lang.Runtime", Set.of("load", "loadLibrary"),
            "java.lang.ModuleLayer$Controller", Set.of("enableNativeAccess"),
            "java.lang.foreign.AddressLayout", Set.of("withTargetLayout"),
            "java.lang.foreign.Linker", Set.of("downcallHandle", "upcallStub"),
            "java.lang.foreign.MemorySegment", Set.of("reinterpret"),
            "java.lang.foreign.SymbolLookup", Set.of("libraryLookup"));

    private static final ArchRule ONLY_FFM_IS_RESTRICTED = noClasses()
            .that(DescribedPredicate.not(resideInAnyPackage(FFM, BINDINGS)))
            .should().callCodeUnitWhere(describe("is a restricted method", ArchitectureTest::isRestricted));

    private static boolean isRestricted(JavaCall<?> call) {
        return RESTRICTED.getOrDefault(call.getTargetOwner().getName(), Set.of()).contains(call.getName());
    }

    @Test
    void onlyTheForeignKernelsCallRestrictedMethods() {
        ONLY_FFM_IS_RESTRICTED.check(MAIN);
        noMethods().should().haveModifier(JavaModifier.NATIVE).check(MAIN);
    }

    /// The rule can fail: this class breaks it.
    @Test
    void aCallOfARestrictedMethodIsSeen() {
        class Offender {
            void load() {
                System.load("/nowhere/librondo.so");
            }
        }

        JavaClasses offenders = new ClassFileImporter().importClasses(Offender.class);

        assertTrue(ONLY_FFM_IS_RESTRICTED.evaluate(offenders).hasViolation());
    }

    @Test
    void onlyTheForeignKernelsUseTheBindings() {
        classes().that().resideInAPackage(BINDINGS)
                .should().onlyHaveDependentClassesThat().resideInAnyPackage(BINDINGS, FFM)
                .check(MAIN);
    }

    @Test
    void onlyTheKernelsPackageUsesItsImplementations() {
        classes().that().resideInAPackage(REFERENCE)
                .should().onlyHaveDependentClassesThat().resideInAnyPackage("dev.rondo.kernels", REFERENCE)
                .check(MAIN);
        classes().that().resideInAPackage(FFM)
                .should().onlyHaveDependentClassesThat().resideInAnyPackage("dev.rondo.kernels", FFM)
                .check(MAIN);
    }

    @Test
    void tensorKnowsNothingOfOurs() {
        dependOnlyOn("dev.rondo.tensor", "dev.rondo.tensor..").check(MAIN);
    }

    @Test
    void graphKnowsTensorOnly() {
        dependOnlyOn("dev.rondo.graph", "dev.rondo.graph..", "dev.rondo.tensor..").check(MAIN);
    }

    @Test
    void kernelsKnowNothingOfModels() {
        noClasses().that().resideInAPackage("dev.rondo.kernels..")
                .should().dependOnClassesThat().resideInAnyPackage("dev.rondo", "dev.rondo.plan..", "dev.rondo.layers..",
                        "dev.rondo.training..", "dev.rondo.inference..", "dev.rondo.data..", "dev.rondo.io..")
                .check(MAIN);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().assignedFrom(new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                // Kernels choose among implementations that implement Kernels: they and the bindings count as one.
                String name = type.getPackageName();
                return SliceIdentifier.of(
                        name.startsWith("dev.rondo.kernels") || isBindings(type) ? "dev.rondo.kernels" : name);
            }

            @Override
            public String getDescription() {
                return "packages";
            }
        }).should().beFreeOfCycles().check(MAIN);
    }

    /// Memory lives in arenas that somebody closes, and belongs to no thread: a virtual thread changes its carrier.
    @Test
    void nothingDependsOnTheCollectorOrOnThreads() {
        noClasses().that().resideOutsideOfPackage(BINDINGS)
                .should().callMethod(java.lang.foreign.Arena.class, "ofAuto")
                .orShould().dependOnClassesThat().areAssignableTo(ThreadLocal.class)
                .check(MAIN);
    }

    @Test
    void everyPackageIsNullMarked() {
        Set<String> unmarked = new TreeSet<>();
        for (JavaClass type : MAIN) {
            if (!isBindings(type) && !type.getPackage().isAnnotatedWith(NullMarked.class)) {
                unmarked.add(type.getPackageName());
            }
        }

        assertEquals(Set.of(), unmarked, "packages without @NullMarked in package-info.java");
    }

    @Test
    void kernelsAndBindingsAreNotExported() {
        ModuleDescriptor module = ArchitectureTest.class.getModule().getDescriptor();

        assertEquals("dev.rondo", module.name());
        assertEquals(Set.of(), module.exports().stream()
                .filter(exported -> !exported.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .filter(name -> name.startsWith("dev.rondo.kernels") || name.startsWith("dev.rondo.bindings"))
                .collect(Collectors.toSet()));
    }

    private static ArchRule dependOnlyOn(String name, String... allowed) {
        DescribedPredicate<JavaClass> others = DescribedPredicate.not(resideInAnyPackage(allowed));
        return noClasses().that().resideInAPackage(name + "..")
                .should().dependOnClassesThat(resideInAPackage("dev.rondo..").and(others));
    }

    private static boolean isBindings(JavaClass type) {
        return type.getPackageName().equals("dev.rondo.bindings");
    }
}
