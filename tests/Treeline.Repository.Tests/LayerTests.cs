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
    public void The_core_has_no_unsafe_code()
    {
        // The compiler marks a module that was allowed unsafe code.
        Assert.DoesNotContain(
            typeof(TaskScope).Module.GetCustomAttributesData(),
            static attribute => attribute.AttributeType.Name == "UnverifiableCodeAttribute");
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
