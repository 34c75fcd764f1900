using System.Reflection;

namespace Treeline.Repository.Tests;

/// <summary>A layer uses only the layers below it, and the core only the base class library.</summary>
public class LayerTests
{
    [Fact]
    public void The_core_references_the_base_class_library_only()
    {
        Assert.All(
            typeof(TaskScope).Assembly.GetReferencedAssemblies(),
            static reference => Assert.StartsWith("System.", reference.Name, StringComparison.Ordinal));
    }

    [Fact]
    public void The_runtime_references_the_core_and_the_base_class_library_only()
    {
        Assert.All(
            typeof(Runtime).Assembly.GetReferencedAssemblies(),
            static reference => Assert.True(
                reference.Name == "Treeline" || reference.Name!.StartsWith("System.", StringComparison.Ordinal), reference.Name));
    }

    [Fact]
    public void Unsafe_code_is_the_runtimes_alone()
    {
        // The compiler marks a module that was allowed unsafe code.
        Assert.All(
            PublicApi.Surfaces.All.Where(static surface => surface.Library != "Treeline.Runtime"),
            static surface => Assert.DoesNotContain(
                Assembly.LoadFrom(surface.Assembly).Modules.SelectMany(static module => module.GetCustomAttributesData()),
                static attribute => attribute.AttributeType.Name == "UnverifiableCodeAttribute"));
    }

    [Fact]
    public void Only_the_app_knows_ASP_NET()
    {
        Assert.All(
            PublicApi.Surfaces.All,
            static surface => Assert.DoesNotContain(
                Assembly.LoadFrom(surface.Assembly).GetReferencedAssemblies(),
                static reference => reference.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)));
    }
}
